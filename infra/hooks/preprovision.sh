#!/bin/sh
# Says what is missing before azd begins to make anything.
set -eu

# missing ends azd up with what is wrong and what to do about it.
missing() {
	printf 'paybridge: %s\nhint: %s\n' "$1" "$2" >&2
	exit 1
}

command -v go >/dev/null || missing 'Go is not installed' 'https://go.dev/dl/'
command -v az >/dev/null || missing 'the Azure CLI is not installed' 'https://learn.microsoft.com/cli/azure/install-azure-cli'
command -v func >/dev/null || missing 'Azure Functions Core Tools are not installed' 'https://learn.microsoft.com/azure/azure-functions/functions-run-local'
az account show >/dev/null 2>&1 || missing 'the Azure CLI is not signed in' 'az login'
[ -n "${DATAVERSE_URL:-}" ] || missing 'DATAVERSE_URL is not set' 'azd env set DATAVERSE_URL https://<your environment>.crm<n>.dynamics.com'
