// Who the app is: in Azure, and as the application user in Dataverse. It is
// user-assigned, so it and its roles are there before the app starts.

@description('Makes names unique.')
param token string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-${token}'
  location: location
  tags: tags
}

@description('Resource id.')
output id string = identity.id

@description('Client id.')
output clientId string = identity.properties.clientId

@description('Object id, which roles are granted to.')
output principalId string = identity.properties.principalId
