#!/usr/bin/env bash
# Judges the target and never fails by its verdict: what comes after decides what the code means.
set -euo pipefail

root=$(cd "$GITHUB_ACTION_PATH/.." && pwd)
# A path of the workspace, as the judge, which runs elsewhere, can use it.
of_workspace() { case $1 in /*) echo "$1" ;; *) echo "$GITHUB_WORKSPACE/$1" ;; esac }

report=$(of_workspace "$REPORT")
words=("--report=$report")
if [[ -n $TARGET ]]; then words+=("--target=$TARGET"); fi
if [[ -n $TARGETS ]]; then words+=("--targets=$(of_workspace "$TARGETS")"); fi
if [[ -n $PROFILE ]]; then words+=("--profile=$(of_workspace "$PROFILE")"); fi
if [[ -n $AREA ]]; then words+=("--area=$AREA"); fi
if [[ -n $REQUIRE ]]; then words+=("--require=$REQUIRE"); fi
if [[ -n $WITHOUT ]]; then words+=("--without=$WITHOUT"); fi
if [[ -n $FAIL_ON ]]; then words+=("--fail-on=$FAIL_ON"); fi
if [[ -n $PATIENCE ]]; then words+=("--patience=$PATIENCE"); fi
if [[ -n $SOAK ]]; then words+=("--soak=$SOAK"); fi
if [[ -n $REVISION_SET ]]; then words+=("--revision-set=$REVISION_SET"); fi
if [[ $INTRUSIVE == true ]]; then words+=(--intrusive); fi
if [[ $DISGUISE == true ]]; then words+=(--disguise); fi
if [[ -z $TARGET && -z $PROFILE && -z $TARGETS ]]; then
  echo "::error title=Hallmark::Give the input target, targets, or a profile that names a server."
  exit 4
fi

code=0
(cd "$root" && "$RUNNER_TEMP/hallmark/bin/python" -m pytest conformance "${words[@]}") || code=$?

{
  echo "exit-code=$code"
  echo "report=$report"
  if [[ -e $report/results.sarif ]]; then echo "sarif=$report/results.sarif"; else echo "sarif="; fi
} >>"$GITHUB_OUTPUT"
if [[ -f $report/summary.md ]]; then cat "$report/summary.md" >>"$GITHUB_STEP_SUMMARY"; fi
