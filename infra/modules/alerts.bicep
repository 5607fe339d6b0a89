// What an operator is woken for. What each means and what to do about it is in
// docs/operate.md.

@description('Makes names unique.')
param token string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Which of Stripe\'s two worlds this deployment belongs to.')
param stripeMode string

@description('Who gets the alerts by e-mail, empty for nobody.')
param alertEmail string

@description('Name of Application Insights.')
param insightsName string

@description('Name of the Service Bus namespace.')
param namespaceName string

@description('Queue of the news from Stripe.')
param eventsQueue string

@description('Queue of the news from the CRM.')
param requestsQueue string

@description('Host name of the functions.')
param appHost string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: namespaceName
}

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${token}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'PayBridge'
    enabled: true
    emailReceivers: empty(alertEmail) ? [] : [{ name: 'operators', emailAddress: alertEmail, useCommonAlertSchema: true }]
  }
}

resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'PayBridge ${stripeMode} dead letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'Messages were given up after a hundred deliveries: run paybridge deadletters list.'
    severity: 1
    enabled: true
    scopes: [namespace.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead letters'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Maximum'
          dimensions: [{ name: 'EntityName', operator: 'Include', values: [eventsQueue, requestsQueue] }]
        }
      ]
    }
    actions: [{ actionGroupId: operators.id }]
  }
}

resource failedInvocations 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'PayBridge ${stripeMode} failed invocations'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'PayBridge ${stripeMode} failed invocations'
    description: 'The handler could not finish in its time, crashed or was not there. Messages wait and are delivered again.'
    severity: 2
    enabled: true
    scopes: [insights.id]
    skipQueryValidation: true // In a new workspace the tables may not be there yet.
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: loadTextContent('../queries/failed-invocations.kql')
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [operators.id] }
  }
}

resource needsReview 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'PayBridge ${stripeMode} needs review'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'PayBridge ${stripeMode} needs review'
    description: 'A payment needs a person. The reason is on its row and in its timeline.'
    severity: 3
    enabled: true
    scopes: [insights.id]
    skipQueryValidation: true // In a new workspace the tables may not be there yet.
    evaluationFrequency: 'PT15M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: loadTextContent('../queries/needs-review.kql')
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [operators.id] }
  }
}

resource notReconciled 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'PayBridge ${stripeMode} not reconciled'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'PayBridge ${stripeMode} not reconciled'
    description: 'For an hour reconcile has not come to its end, so what is lost on the way stays lost.'
    severity: 2
    enabled: true
    scopes: [insights.id]
    skipQueryValidation: true // In a new workspace the tables may not be there yet.
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: loadTextContent('../queries/reconciled.kql')
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [operators.id] }
  }
}

// Asks /api/health from five places. That also keeps the app's HTTP side warm.
resource availability 'Microsoft.Insights/webtests@2022-06-15' = {
  name: 'health-${token}'
  location: location
  tags: union(tags, { 'hidden-link:${insights.id}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'health-${token}'
    Name: 'PayBridge ${stripeMode} health'
    Enabled: true
    Frequency: 300
    Timeout: 30
    Kind: 'standard'
    RetryEnabled: true
    Locations: [
      { Id: 'emea-nl-ams-azr' }
      { Id: 'emea-gb-db3-azr' }
      { Id: 'us-va-ash-azr' }
      { Id: 'us-ca-sjc-azr' }
      { Id: 'apac-sg-sin-azr' }
    ]
    Request: { RequestUrl: 'https://${appHost}/api/health', HttpVerb: 'GET', ParseDependentRequests: false }
    ValidationRules: { ExpectedHttpStatusCode: 200, SSLCheck: true, SSLCertRemainingLifetimeCheck: 7 }
  }
}

resource unreachable 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'PayBridge ${stripeMode} not reachable'
  location: 'global'
  tags: tags
  properties: {
    description: 'From several places /api/health does not answer 200.'
    severity: 1
    enabled: true
    scopes: [availability.id, insights.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: availability.id
      componentId: insights.id
      failedLocationCount: 3
    }
    actions: [{ actionGroupId: operators.id }]
  }
}

resource unhealthy 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'PayBridge ${stripeMode} payments cannot flow'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'PayBridge ${stripeMode} payments cannot flow'
    description: 'For fifteen minutes /api/health has not said once that payments can flow.'
    severity: 1
    enabled: true
    scopes: [insights.id]
    skipQueryValidation: true // In a new workspace the tables may not be there yet.
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: loadTextContent('../queries/healthy.kql')
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [operators.id] }
  }
}
