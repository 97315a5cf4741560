// What a product's page does with Segment's client. Its settings come from the page's own server, in the place of a CDN.
function load({ ingest, page, key, options }) {
  const ours = { apiHost: `${ingest}/v1`.replace('http://', ''), apiKey: key, protocol: 'http', ...options }
  window.analytics = AnalyticsNext.AnalyticsBrowser.load(
    { writeKey: 'segments-own', cdnURL: page },
    { integrations: { 'Segment.io': ours } },
  )
}

function use({ account, user }) {
  analytics.group(account, { name: 'Acme', arr: 48000, seats: null })
  analytics.identify(user, { email: 'ann@acme.example' })
  analytics.page('Reports')
  analytics.track('reportExported', { format: 'pdf' })
}
