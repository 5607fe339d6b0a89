// The two queues, and who may do what with them. There are no keys.

@description('Makes names unique.')
param token string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Object id of the app\'s identity.')
param appPrincipalId string

@description('Object id of whoever operates, empty for nobody.')
param principalId string

@description('What principalId is the id of.')
param principalType string

var serviceBusDataReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
var serviceBusDataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
var serviceBusDataOwner = '090c5cfd-751d-490a-894a-3ce6f1109419'

var queueNames = ['payment-events', 'payment-requests']

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: 'sb-${token}'
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard' }
  properties: { disableLocalAuth: true, minimumTlsVersion: '1.2', publicNetworkAccess: 'Enabled' }
}

// An invocation holds its messages for four minutes before it fails, so a
// hundred deliveries outlast more than six hours in which the CRM or Stripe is
// down. The lock is as long as Service Bus allows, for it is not renewed.
resource queues 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [
  for name in queueNames: {
    parent: namespace
    name: name
    properties: {
      lockDuration: 'PT5M'
      maxDeliveryCount: 100
      defaultMessageTimeToLive: 'P14D'
      deadLetteringOnMessageExpiration: true
      requiresDuplicateDetection: false
      requiresSession: false
      enableBatchedOperations: true
      maxSizeInMegabytes: 1024
    }
  }
]

// The app takes from and puts into these two queues and no other, and may not
// change them.
resource appReceives 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in queueNames: {
    scope: queues[i]
    name: guid(queues[i].id, appPrincipalId, serviceBusDataReceiver)
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataReceiver)
    }
  }
]

resource appSends 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, i) in queueNames: {
    scope: queues[i]
    name: guid(queues[i].id, appPrincipalId, serviceBusDataSender)
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
    }
  }
]

// The operator looks after dead letters and reads the queues' settings.
resource operatorOwns 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(principalId)) {
  scope: namespace
  name: guid(namespace.id, principalId, serviceBusDataOwner)
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataOwner)
  }
}

@description('Name of the namespace.')
output name string = namespace.name

@description('Host name of the namespace.')
output host string = '${namespace.name}.servicebus.windows.net'

@description('Queue of the news from Stripe.')
output eventsQueue string = queueNames[0]

@description('Queue of the news from the CRM.')
output requestsQueue string = queueNames[1]
