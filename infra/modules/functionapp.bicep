// The function app. Every setting that holds a secret is a reference into the
// vault. The settings here replace the whole collection, so whatever is to
// outlast the next deployment belongs here.

@description('Makes names unique.')
param token string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Name of Application Insights.')
param insightsName string

@description('Name of the storage account.')
param storageName string

@description('Container of the deployment package.')
param packageContainer string

@description('Name of the Service Bus namespace.')
param namespaceName string

@description('Queue of the news from Stripe.')
param eventsQueue string

@description('Queue of the news from the CRM.')
param requestsQueue string

@description('Name of the Key Vault.')
param vaultName string

@description('Instances that are kept warm for HTTP.')
param alwaysReadyInstances int

@description('The Dataverse environment.')
param dataverseUrl string

@description('Entra tenant of the application user, only with a client secret.')
param dataverseTenantId string

@description('Client id of the application user, only with a client secret.')
param dataverseClientId string

@description('Where Checkout sends the customer after paying.')
param paymentSuccessUrl string

@description('Where Checkout sends the customer who turns back.')
param paymentCancelUrl string

@description('How long a Checkout link can be paid.')
param paymentLinkExpiry string

@description('Payment method types to offer.')
param paymentMethodTypes string

@description('Where the payments live.')
param paymentTable string

@description('Further columns of the payment row to show as metadata at Stripe.')
param paymentMetadataColumns string

@description('When reconcile looks for what was lost.')
param reconcileSchedule string

@description('How old something has to be before reconcile takes it for lost.')
param reconcileAfter string

@description('The same for the slower sweeps.')
param reconcileSweep string

@description('How far back the first run of reconcile looks.')
param reconcileWindow string

@description('How many messages one run puts on each queue at most.')
param reconcileLimit string

@description('The least severe lines that are logged.')
param logLevel string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageName
}

resource plan 'Microsoft.Web/serverfarms@2023-12-01' = {
  name: 'plan-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: 'func-${token}'
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${account.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      // Dataverse and Stripe throttle whoever calls from too many places at
      // once: forty instances are the fewest that the plan allows as a limit.
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: 40
        alwaysReady: alwaysReadyInstances > 0 ? [{ name: 'http', instanceCount: alwaysReadyInstances }] : []
      }
      runtime: { name: 'custom', version: '1.0' }
    }
    siteConfig: { minTlsVersion: '1.2' }
  }

  // Publishing goes by Entra ID only.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: union(
      {
        AzureWebJobsStorage__accountName: account.name
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: identityClientId
        APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
        AZURE_CLIENT_ID: identityClientId
        ServiceBusConnection__fullyQualifiedNamespace: '${namespaceName}.servicebus.windows.net'
        ServiceBusConnection__credential: 'managedidentity'
        ServiceBusConnection__clientId: identityClientId
        PaymentEventsQueue: eventsQueue
        PaymentRequestsQueue: requestsQueue
        StripeSecretKey: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=stripe-secret-key)'
        StripeWebhookSecret: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=stripe-webhook-secret)'
        DataverseUrl: dataverseUrl
        PaymentSuccessUrl: paymentSuccessUrl
        PaymentCancelUrl: paymentCancelUrl
        PaymentLinkExpiry: paymentLinkExpiry
        PaymentMethodTypes: paymentMethodTypes
        PaymentTable: paymentTable
        PaymentMetadataColumns: paymentMetadataColumns
        ReconcileSchedule: reconcileSchedule
        ReconcileAfter: reconcileAfter
        ReconcileSweep: reconcileSweep
        ReconcileWindow: reconcileWindow
        ReconcileLimit: reconcileLimit
        LogLevel: logLevel
      },
      // Without these three the managed identity signs in to Dataverse.
      empty(dataverseClientId)
        ? {}
        : {
            DataverseTenantId: dataverseTenantId
            DataverseClientId: dataverseClientId
            DataverseClientSecret: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=dataverse-client-secret)'
          }
    )
  }
}

@description('Name of the function app.')
output name string = app.name

@description('Host name of the functions.')
output host string = app.properties.defaultHostName
