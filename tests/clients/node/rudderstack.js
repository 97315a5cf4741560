// RudderStack's Node client as a product uses it: URL KEY STEM COUNT. Prints the ids of its messages.
import Analytics from '@rudderstack/rudder-sdk-node'

const [url, key, stem, count] = process.argv.slice(2)
const options = {
  dataPlaneUrl: url, flushAt: 10, flushInterval: 100, retryCount: 10,
  axiosRetryConfig: { retries: 10, retryDelay: () => 200 },
}
const client = new Analytics(key, options)
const ids = [`${stem}-group`, `${stem}-identify`, `${stem}-page`]
const done = []
const told = (resolve, reject) => (error) => (error ? reject(error) : resolve())
const send = (kind, message) => done.push(new Promise((resolve, reject) => client[kind](message, told(resolve, reject))))
send('group', { userId: 'u-1', groupId: stem, traits: { name: 'Acme', arr: 48000 }, messageId: ids[0] })
send('identify', { userId: 'u-1', traits: { email: 'ann@acme.example' }, messageId: ids[1] })
send('page', { userId: 'u-1', name: 'Reports', messageId: ids[2] })
for (let n = 0; n < Number(count); n++) {
  ids.push(`${stem}-${n}`)
  const properties = { format: 'pdf' }
  send('track', { userId: 'u-1', event: 'Report Exported', properties, context: { groupId: stem }, messageId: ids.at(-1) })
}
await client.flush()
await Promise.all(done)
console.log(ids.join('\n'))
process.exit(0)
