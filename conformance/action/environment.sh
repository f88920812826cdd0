#!/usr/bin/env bash
# Makes variables of the lines NAME=VALUE in $ENTRIES, for the steps that follow, and masks them.
set -euo pipefail

while IFS= read -r line; do
  line=${line%$'\r'}
  if [[ -z $line ]]; then continue; fi
  if [[ ! $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; then
    echo "::error title=Hallmark::A line of the secret environment is not NAME=VALUE."
    exit 4
  fi
  value=${line#*=}
  if [[ -n $value ]]; then echo "::add-mask::$value"; fi
  echo "$line" >>"$GITHUB_ENV"
done <<<"${ENTRIES:-}"
