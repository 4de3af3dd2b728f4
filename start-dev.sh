#!/bin/sh
# Everything for development with one command; Ctrl+C stops it. Node and PostgreSQL come from packages; DATABASE_URL and REDIS_URL name
# your own instead.
cd "$(dirname "$0")" && exec npm run dev -- "$@"
