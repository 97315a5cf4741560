// What a product's page does with Amplitude's client.
function load({ ingest, key, options }) {
  const serverUrl = `${ingest}/2/httpapi`
  amplitude.init(key, { serverUrl, fetchRemoteConfig: false, autocapture: false, ...options })
}

function use({ account, user }) {
  amplitude.setGroup('company', account)
  amplitude.groupIdentify('company', account, new amplitude.Identify().set('name', 'Acme').set('arr', 48000))
  amplitude.setUserId(user)
  amplitude.identify(new amplitude.Identify().set('email', 'ann@acme.example'))
  amplitude.track('Report Exported', { format: 'pdf' })
}
