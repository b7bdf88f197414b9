import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A device message as the function gets it: the body in bytes, and what the broker says. */
export interface CorpusMessage {
  readonly body: Buffer;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly systemProperties: Readonly<Record<string, unknown>>;
  readonly enqueuedTime: string;
}

const ward = join(__dirname, '..', '..', 'local', 'replay', 'ward', 'ward.csv');
const start = Date.UTC(2026, 0, 5, 6);

/** Every row of the shipped ward as a monitor sends it; the same bytes on every run. */
export function corpus(): readonly CorpusMessage[] {
  const [header = '', ...lines] = readFileSync(ward, 'utf8').trim().split('\n');
  const columns = header.split(',').slice(2);
  return lines.map((line, index) => {
    const [minute, device = '', ...cells] = line.split(',');
    const time = new Date(start + Number(minute) * 60_000).toISOString();
    const vitals = columns.flatMap((name, column) => (cells[column] ? [[name, Number(cells[column])]] : []));
    const body = { time, ...Object.fromEntries(vitals), battery: 40 + (index % 60), sequence: index };
    return {
      body: Buffer.from(JSON.stringify(body)),
      properties: { 'iothub-creation-time-utc': time, ward: 'W7' },
      systemProperties: {
        'iothub-connection-device-id': device,
        'iothub-connection-auth-method': '{"scope":"device","type":"x509Certificate","issuer":"external"}',
        'iothub-enqueuedtime': time,
        'iothub-message-source': 'Telemetry',
      },
      enqueuedTime: time,
    };
  });
}
