import { parseArgs } from 'node:util'
import { startTwilioSimulator } from './server.ts'

const usage = `Usage: npx node simulators/twilio/main.ts [options]

  --port <n>            default 4030
  --host <address>      default 127.0.0.1
  --webhook <url>       where signed webhooks go, for messages to the number and to WhatsApp
  --voice <url>         where its calls are announced; their status goes to the same with /status
  --account-sid <sid>   default AC00000000000000000000000000000001
  --auth-token <text>   opens the API and signs webhooks, default "simulated-auth-token"
  --number <number>     default +15550100009
  --seed <n>            default 1
`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4030' },
    host: { type: 'string', default: '127.0.0.1' },
    webhook: { type: 'string' },
    voice: { type: 'string' },
    'account-sid': { type: 'string', default: 'AC00000000000000000000000000000001' },
    'auth-token': { type: 'string', default: 'simulated-auth-token' },
    number: { type: 'string', default: '+15550100009' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}

const accountSid = values['account-sid']
const running = await startTwilioSimulator({
  port: Number(values.port),
  host: values.host,
  seed: Number(values.seed),
  accounts: [{ sid: accountSid, authToken: values['auth-token'], friendlyName: 'Simulated business' }],
})
const { simulator } = running
simulator.addNumber({
  ...{ accountSid, phoneNumber: values.number },
  settings: {
    ...(values.webhook ? { SmsUrl: values.webhook } : {}),
    ...(values.voice ? { VoiceUrl: values.voice, StatusCallback: `${values.voice}/status` } : {}),
  },
})
simulator.addSender({
  address: `whatsapp:${values.number}`,
  accountSid,
  ...(values.webhook ? { inboundUrl: values.webhook } : {}),
})
simulator.addAvailable({
  ...{ phoneNumber: '+14155550123', kind: 'Local', country: 'US', region: 'CA', locality: 'San Francisco' },
  capabilities: { voice: true, sms: true, mms: true },
})
simulator.setPhone({ number: '+15550107001', name: 'Ada' })

process.stdout.write(
  `Handset     ${running.url}/\napiUrl      ${running.url}\nWebhooks to ${values.webhook ?? 'nowhere (--webhook)'}\n`,
)
