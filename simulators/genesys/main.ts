import { parseArgs } from 'node:util'
import { startGenesysSimulator } from './server.ts'

const usage = `Usage: node simulators/genesys/main.ts [options]

  --port <n>             default 4020
  --host <address>       default 127.0.0.1
  --webhook <url>        where signed webhooks go
  --secret <text>        signs them, default "simulated-webhook-secret"
  --client-id <text>     default "simulated-client"
  --client-secret <text> default "simulated-client-secret"
  --integration <id>     default "simulated-integration"
  --echo                 an agent answers everything by itself
  --seed <n>             default 1
`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4020' },
    host: { type: 'string', default: '127.0.0.1' },
    webhook: { type: 'string' },
    secret: { type: 'string', default: 'simulated-webhook-secret' },
    'client-id': { type: 'string', default: 'simulated-client' },
    'client-secret': { type: 'string', default: 'simulated-client-secret' },
    integration: { type: 'string', default: 'simulated-integration' },
    echo: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}

const running = await startGenesysSimulator({
  port: Number(values.port),
  host: values.host,
  seed: Number(values.seed),
  clients: [{ id: values['client-id'], secret: values['client-secret'] }],
  integrations: [
    // Nothing listens at the port that discards: what has no receiver is tried and given up.
    {
      id: values.integration,
      name: 'Simulated relay',
      webhookUrl: values.webhook ?? 'http://127.0.0.1:9/',
      secret: values.secret,
    },
  ],
  scripts: values.echo
    ? [
        {
          on: 'message',
          steps: [
            { do: 'wait', ms: 800 },
            { do: 'type', ms: 2_000 },
            { do: 'wait', ms: 1_500 },
            { do: 'say', text: 'You said: {text}' },
          ],
        },
      ]
    : [],
})

process.stdout.write(
  `Agents' page ${running.url}/\nloginUrl     ${running.loginUrl}\napiUrl       ${running.apiUrl}\nWebhooks to  ${values.webhook ?? 'nowhere (--webhook)'}\n`,
)
