// CloudEvents' JavaScript library as a product uses it: URL KEY STEM COUNT. Prints the ids of its events.
// It makes requests and sends none, so what is not answered with 2xx is sent again here.
import { CloudEvent, HTTP } from 'cloudevents'

const [url, key, stem, count] = process.argv.slice(2)
const ids = Array.from({ length: Number(count) }, (_, n) => `${stem}-${n}`)
const event = (id) => {
  const data = { format: 'pdf', user_id: 'u-1' }
  return new CloudEvent({ id, source: '/reports', type: 'com.example.report.exported', accountid: stem, data })
}
const sent = async ({ headers, body }) => {
  for (let tries = 0; tries < 20; tries++) {
    try {
      const authorization = `Bearer ${key}`
      const answer = await fetch(`${url}/v1/cloudevents`, { method: 'POST', headers: { ...headers, authorization }, body })
      if (answer.ok) return
    } catch {
      // The connection was cut.
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('not taken')
}
for (const [n, id] of ids.entries()) await sent(n % 2 ? HTTP.structured(event(id)) : HTTP.binary(event(id)))
console.log(ids.join('\n'))
