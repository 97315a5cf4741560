// What a product's page does with Mixpanel's client.
function load({ ingest, key, options }) {
  mixpanel.init(key, { api_host: ingest, ...options })
}

function use({ account, user }) {
  mixpanel.set_group('company_id', account)
  mixpanel.get_group('company_id', account).set({ name: 'Acme', arr: 48000 })
  mixpanel.identify(user)
  mixpanel.people.set({ $email: 'ann@acme.example' })
  mixpanel.track('Report Exported', { format: 'pdf' })
}
