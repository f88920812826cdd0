#!/usr/bin/env bash
# Judges the target and never fails by its verdict: what comes after decides what the code means.
set -euo pipefail

root=$(cd "$GITHUB_ACTION_PATH/.." && pwd)
case $REPORT in /*) report=$REPORT ;; *) report=$GITHUB_WORKSPACE/$REPORT ;; esac
words=("--report=$report")
if [[ -n $TARGET ]]; then words+=("--target=$TARGET"); fi
if [[ -n $PROFILE ]]; then
  case $PROFILE in /*) words+=("--profile=$PROFILE") ;; *) words+=("--profile=$GITHUB_WORKSPACE/$PROFILE") ;; esac
fi
if [[ -n $AREA ]]; then words+=("--area=$AREA"); fi
if [[ -n $REQUIRE ]]; then words+=("--require=$REQUIRE"); fi
if [[ $INTRUSIVE == true ]]; then words+=(--intrusive); fi
if [[ -z $TARGET && -z $PROFILE ]]; then
  echo "::error title=Hallmark::Give the input target, or a profile that names one."
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
