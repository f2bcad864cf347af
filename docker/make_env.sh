#!/bin/sh
# Prints .env.example with a random secret wherever it has none; with the word demo, for the simulated province.
#   (umask 077; sh docker/make_env.sh > .env)
set -eu
secret() { head -c "$1" /dev/urandom | base64 --wrap=0 | tr '+/' '-_'; }
while IFS= read -r line; do
  case $line in
    PROVINCE_ENV=*) [ "${1-}" != demo ] || line=PROVINCE_ENV=simulator/province.env ;;
    COMPOSE_PROJECT_NAME=*) [ "${1-}" != demo ] || line=$line-demo ;;
    FERNET_KEY=) line=$line$(secret 32) ;;
    [A-Z]*=) line=$line$(secret 48) ;;
  esac
  echo "$line"
done < "$(dirname "$0")/../.env.example"
