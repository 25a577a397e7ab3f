import { parseArgs } from 'node:util'
import { startWhatsAppSimulator } from './server.ts'

const usage = `Usage: node simulators/whatsapp-cloud/main.ts [options]

  --port <n>            default 4010
  --host <address>      default 127.0.0.1
  --webhook <url>       where signed webhooks go
  --app-secret <text>   default "simulated-app-secret"
  --verify-token <text> default "simulated-verify-token"
  --token <text>        access token of the number, default "simulated-access-token"
  --seed <n>            default 1
`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4010' },
    host: { type: 'string', default: '127.0.0.1' },
    webhook: { type: 'string' },
    'app-secret': { type: 'string', default: 'simulated-app-secret' },
    'verify-token': { type: 'string', default: 'simulated-verify-token' },
    token: { type: 'string', default: 'simulated-access-token' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}

const running = await startWhatsAppSimulator({
  port: Number(values.port),
  host: values.host,
  seed: Number(values.seed),
  apps: [
    { id: '1000000000000001', secret: values['app-secret'], verifyToken: values['verify-token'], webhookUrl: values.webhook },
  ],
  numbers: [
    {
      phoneNumberId: '200000000000001',
      displayPhoneNumber: '+1 555 010 0001',
      wabaId: '300000000000001',
      accessToken: values.token,
      verifiedName: 'Simulated Business',
      appId: '1000000000000001',
    },
  ],
})
running.simulator.addCustomer({ phone: '+15550107001', name: 'Ada' })

process.stdout.write(
  `Phone page  ${running.url}/\nGraph API   ${running.graphUrl}\nWebhooks to ${values.webhook ?? 'nowhere (--webhook)'}\n`,
)
