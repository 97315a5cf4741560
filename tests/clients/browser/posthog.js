// What a product's page does with PostHog's client. By its name the browser of the tests is a robot, which it would pass over.
function load({ ingest, key, options }) {
  posthog.init(key, {
    api_host: ingest,
    advanced_disable_flags: true,
    opt_out_useragent_filter: true,
    ...options,
  })
}

function use({ account, user }) {
  posthog.group('company', account, { name: 'Acme', arr: 48000 })
  posthog.identify(user, { email: 'ann@acme.example' })
  posthog.capture('Report Exported', { format: 'pdf' })
}
