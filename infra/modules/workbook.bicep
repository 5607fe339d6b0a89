// The pictures that an operator wants, out of the handler's log lines.

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the azd environment.')
param environmentName string

@description('Which of Stripe\'s two worlds this deployment belongs to.')
param stripeMode string

@description('Name of Application Insights.')
param insightsName string

var title = 'PayBridge ${stripeMode}: ${environmentName}'

var pictures = [
  {
    title: 'Payments by status'
    visualization: 'piechart'
    query: loadTextContent('../queries/payments-by-status.kql')
  }
  {
    title: 'Seconds from Stripe to the CRM'
    visualization: 'timechart'
    query: loadTextContent('../queries/stripe-to-crm.kql')
  }
  {
    title: 'Needs review'
    visualization: 'table'
    query: loadTextContent('../queries/reviews.kql')
  }
  {
    title: 'Throttled and put off'
    visualization: 'timechart'
    query: loadTextContent('../queries/throttling.kql')
  }
  {
    title: 'Lost on the way and found again'
    visualization: 'timechart'
    query: loadTextContent('../queries/reconcile.kql')
  }
  {
    title: 'Invocations'
    visualization: 'timechart'
    query: loadTextContent('../queries/invocations.kql')
  }
  {
    title: 'Calls of Stripe and of the CRM'
    visualization: 'table'
    query: loadTextContent('../queries/webhooks.kql')
  }
]

var header = [
  {
    type: 1
    name: 'header'
    content: { json: '# ${title}\n\nOut of the log lines of the handler. What to do about what is seen here: docs/operate.md.' }
  }
  {
    type: 9
    name: 'parameters'
    content: {
      version: 'KqlParameterItem/1.0'
      style: 'pills'
      parameters: [
        {
          id: guid('paybridge', 'TimeRange')
          version: 'KqlParameterItem/1.0'
          name: 'TimeRange'
          label: 'Time range'
          type: 4
          isRequired: true
          value: { durationMs: 86400000 }
          typeSettings: {
            allowCustom: true
            selectableValues: [
              { durationMs: 3600000 }
              { durationMs: 14400000 }
              { durationMs: 86400000 }
              { durationMs: 604800000 }
              { durationMs: 2592000000 }
            ]
          }
        }
      ]
    }
  }
]

var charts = [
  for picture in pictures: {
    type: 3
    name: picture.title
    content: {
      version: 'KqlItem/1.0'
      title: picture.title
      query: picture.query
      visualization: picture.visualization
      size: 0
      timeContextFromParameter: 'TimeRange'
      queryType: 0
      resourceType: 'microsoft.insights/components'
    }
  }
]

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'paybridge', 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    category: 'workbook'
    displayName: title
    sourceId: insights.id
    version: 'Notebook/1.0'
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat(header, charts)
      fallbackResourceIds: [insights.id]
    })
  }
}
