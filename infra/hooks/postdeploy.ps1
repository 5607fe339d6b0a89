# Builds the functions and publishes them to the app that azd has made.
$ErrorActionPreference = 'Stop'
Set-Location (Join-Path $PSScriptRoot '../..')

# Payments in a table of one's own: its mapping travels with the app.
$mapping = @()
if ("$env:PAYMENT_TABLE".EndsWith('.json')) { $mapping = @('--mapping', $env:PAYMENT_TABLE) }
go run ./cmd/paybridge pack --goos linux --goarch amd64 @mapping
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }

Set-Location dist
func azure functionapp publish $env:FUNCTION_APP_NAME --custom
if ($LASTEXITCODE -ne 0) {
    [Console]::Error.WriteLine("paybridge: the functions were not published`nhint: after the first azd up it takes some minutes until the new roles count; then run: azd deploy")
    exit 1
}
Write-Output "published to $env:FUNCTION_APP_URL, Stripe in $env:STRIPE_MODE mode; what comes next: docs/deploy.md"
