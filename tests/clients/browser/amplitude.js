// What a product's page does with Amplitude's client.
function load({ ingest, key }) {
  amplitude.init(key, { serverUrl: `${ingest}/2/httpapi`, fetchRemoteConfig: false, autocapture: false })
}

function use({ account, user }) {
  amplitude.setGroup('company', account)
  amplitude.groupIdentify('company', account, new amplitude.Identify().set('name', 'Acme').set('arr', 48000))
  amplitude.setUserId(user)
  amplitude.identify(new amplitude.Identify().set('email', 'ann@acme.example'))
  amplitude.track('Report Exported', { format: 'pdf' })
}
