// Everything that PayBridge needs, in a resource group of its own. azd up
// deploys it. Test and live are two environments of azd, and so two of this.
targetScope = 'subscription'

@description('Name of the azd environment, such as paybridge-test. The names of all resources come from it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources. It has to offer the plan Flex Consumption.')
param location string

@description('Which of Stripe\'s two worlds this deployment belongs to. It is in the names of alerts and workbook; the key in the vault decides.')
@allowed(['test', 'live'])
param stripeMode string = 'test'

@description('The Dataverse environment, host only, such as https://contoso.crm4.dynamics.com.')
param dataverseUrl string

@description('Entra tenant of the application user, only where PayBridge signs in to Dataverse with a client secret and not with its managed identity.')
param dataverseTenantId string = ''

@description('Client id of the application user, only with a client secret.')
param dataverseClientId string = ''

@description('Where Checkout sends the customer after paying. Without it no Checkout link can be made.')
param paymentSuccessUrl string = ''

@description('Where Checkout sends the customer who turns back.')
param paymentCancelUrl string = ''

@description('How long a Checkout link can be paid, from 30m to 24h.')
param paymentLinkExpiry string = '24h'

@description('Payment method types to offer, with commas between; empty for those of Stripe\'s Dashboard.')
param paymentMethodTypes string = ''

@description('Where the payments live: payment, salesorder, or the name of a packed mapping file.')
param paymentTable string = 'payment'

@description('Further columns of the payment row to show as metadata at Stripe, with commas between.')
param paymentMetadataColumns string = ''

@description('When reconcile looks for what was lost, as NCRONTAB with seconds first. Without it the host leaves the function out.')
param reconcileSchedule string = '0 */5 * * * *'

@description('How old something has to be before reconcile takes it for lost.')
param reconcileAfter string = '10m'

@description('The same for the slower sweeps.')
param reconcileSweep string = '1h'

@description('How far back the first run of reconcile looks, and the age of the last look, up to 720h.')
param reconcileWindow string = '72h'

@description('How many messages one run of reconcile puts on each queue at most.')
param reconcileLimit string = '1000'

@description('The least severe lines that are logged. Alerts and workbook count lines of the level info.')
@allowed(['debug', 'info'])
param logLevel string = 'info'

@description('Who gets the alerts by e-mail. Empty for nobody: the alerts are then seen in the portal only.')
param alertEmail string = ''

@description('Object id of whoever deploys and operates: gets the roles for secrets, queues and deployment packages. azd fills it in.')
param principalId string = ''

@description('What principalId is the id of.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param principalType string = 'User'

@description('Instances that are kept warm for Stripe\'s and Dataverse\'s calls. More than none costs money while nothing happens.')
param alwaysReadyInstances string = '0'

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName, 'paybridge-mode': stripeMode }

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: { token: token, location: location, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: { token: token, location: location, tags: tags, appPrincipalId: identity.outputs.principalId }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
    principalId: principalId
    principalType: principalType
  }
}

module servicebus 'modules/servicebus.bicep' = {
  name: 'servicebus'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
    principalId: principalId
    principalType: principalType
  }
}

module keyvault 'modules/keyvault.bicep' = {
  name: 'keyvault'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
    principalId: principalId
    principalType: principalType
  }
}

module functionapp 'modules/functionapp.bicep' = {
  name: 'functionapp'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    insightsName: monitoring.outputs.insightsName
    storageName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    namespaceName: servicebus.outputs.name
    eventsQueue: servicebus.outputs.eventsQueue
    requestsQueue: servicebus.outputs.requestsQueue
    vaultName: keyvault.outputs.name
    alwaysReadyInstances: int(alwaysReadyInstances)
    dataverseUrl: dataverseUrl
    dataverseTenantId: dataverseTenantId
    dataverseClientId: dataverseClientId
    paymentSuccessUrl: paymentSuccessUrl
    paymentCancelUrl: paymentCancelUrl
    paymentLinkExpiry: paymentLinkExpiry
    paymentMethodTypes: paymentMethodTypes
    paymentTable: paymentTable
    paymentMetadataColumns: paymentMetadataColumns
    reconcileSchedule: reconcileSchedule
    reconcileAfter: reconcileAfter
    reconcileSweep: reconcileSweep
    reconcileWindow: reconcileWindow
    reconcileLimit: reconcileLimit
    logLevel: logLevel
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    stripeMode: stripeMode
    alertEmail: alertEmail
    insightsName: monitoring.outputs.insightsName
    namespaceName: servicebus.outputs.name
    eventsQueue: servicebus.outputs.eventsQueue
    requestsQueue: servicebus.outputs.requestsQueue
    appHost: functionapp.outputs.host
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    environmentName: environmentName
    stripeMode: stripeMode
    insightsName: monitoring.outputs.insightsName
  }
}

@description('The resource group that holds everything.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app, which the hooks publish to.')
output FUNCTION_APP_NAME string = functionapp.outputs.name

@description('Base address of the functions.')
output FUNCTION_APP_URL string = 'https://${functionapp.outputs.host}'

@description('Name of the Key Vault, which the setup commands write to.')
output AZURE_KEY_VAULT_NAME string = keyvault.outputs.name

@description('Host name of the Service Bus namespace.')
output SERVICE_BUS_NAMESPACE string = servicebus.outputs.host

@description('Client id of the app\'s managed identity: the application user in Dataverse.')
output IDENTITY_CLIENT_ID string = identity.outputs.clientId

@description('Which of Stripe\'s two worlds this deployment belongs to.')
output STRIPE_MODE string = stripeMode
