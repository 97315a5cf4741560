// What a product's page does with RudderStack's client. The configuration is the page's own: it asks no control plane.
function load({ ingest, key, options }) {
  const getSourceConfig = () => ({ source: { id: 'web', enabled: true, config: {}, destinations: [] } })
  window.analytics = new rudderanalytics.RudderAnalytics()
  analytics.load(key, ingest, { getSourceConfig, ...options })
}

function use({ account, user }) {
  analytics.group(account, { name: 'Acme', arr: 48000, seats: null })
  analytics.identify(user, { email: 'ann@acme.example' })
  analytics.page('Reports')
  analytics.track('reportExported', { format: 'pdf' })
}
