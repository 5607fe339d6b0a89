#!/bin/sh
# Builds the functions and publishes them to the app that azd has made.
set -eu
cd "$(dirname "$0")/../.."

# Payments in a table of one's own: its mapping travels with the app.
case "${PAYMENT_TABLE:-payment}" in
*.json) set -- --mapping "$PAYMENT_TABLE" ;;
*) set -- ;;
esac
go run ./cmd/paybridge pack --goos linux --goarch amd64 "$@"

cd dist
if ! func azure functionapp publish "$FUNCTION_APP_NAME" --custom; then
	printf 'paybridge: the functions were not published\nhint: after the first azd up it takes some minutes until the new roles count; then run: azd deploy\n' >&2
	exit 1
fi
printf 'published to %s, Stripe in %s mode; what comes next: docs/deploy.md\n' "$FUNCTION_APP_URL" "$STRIPE_MODE"
