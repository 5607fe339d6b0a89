# Says what is missing before azd begins to make anything.
$ErrorActionPreference = 'Stop'

# Missing ends azd up with what is wrong and what to do about it.
function Missing($what, $hint) {
    [Console]::Error.WriteLine("paybridge: $what`nhint: $hint")
    exit 1
}

if (-not (Get-Command go -ErrorAction SilentlyContinue)) { Missing 'Go is not installed' 'https://go.dev/dl/' }
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { Missing 'the Azure CLI is not installed' 'https://learn.microsoft.com/cli/azure/install-azure-cli' }
if (-not (Get-Command func -ErrorAction SilentlyContinue)) { Missing 'Azure Functions Core Tools are not installed' 'https://learn.microsoft.com/azure/azure-functions/functions-run-local' }
az account show *> $null
if ($LASTEXITCODE -ne 0) { Missing 'the Azure CLI is not signed in' 'az login' }
if (-not $env:DATAVERSE_URL) { Missing 'DATAVERSE_URL is not set' 'azd env set DATAVERSE_URL https://<your environment>.crm<n>.dynamics.com' }
