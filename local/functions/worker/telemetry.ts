import { ManagedIdentityCredential } from '@azure/identity';
import { tell } from './host';
import type { LogLine } from './invocation';

const sendAfterMs = 250;
/** Lines that wait at most, while Application Insights takes none. */
const most = 2_000;
const severities = { trace: 0, debug: 0, information: 1, warning: 2, error: 3, critical: 4, none: 0 } as const;

/** `Name=Value;Name=Value`, as in connection strings. */
function partsOf(text: string | undefined): Record<string, string> {
  const parts = (text ?? '').split(';').map((part) => part.split(/=(.*)/s) as [string, string | undefined]);
  return Object.fromEntries(parts.flatMap(([name, value]) => (name && value ? [[name.trim(), value]] : [])));
}

/**
 * Sends what functions log to the Application Insights that the app's settings name, as traces, with a token of the
 * identity that APPLICATIONINSIGHTS_AUTHENTICATION_STRING names (Learn: "Microsoft Entra authentication for Application
 * Insights"). Without these settings it sends nothing, or no token.
 */
export class Telemetry {
  private readonly key: string | undefined;
  private readonly endpoint: string | undefined;
  private readonly credential: ManagedIdentityCredential | undefined;
  private lines: object[] = [];
  private sending: Promise<void> | undefined;

  constructor() {
    const connection = partsOf(process.env.APPLICATIONINSIGHTS_CONNECTION_STRING);
    const authentication = partsOf(process.env.APPLICATIONINSIGHTS_AUTHENTICATION_STRING);
    this.key = connection.InstrumentationKey;
    this.endpoint = connection.IngestionEndpoint?.replace(/\/$/, '');
    if (authentication.Authorization === 'AAD') {
      const { ClientId: clientId } = authentication;
      this.credential = clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
    }
  }

  trace({ level, message, functionName, invocationId, category }: LogLine): void {
    if (this.endpoint === undefined || this.key === undefined || this.lines.length >= most) return;
    const properties = { Category: `Function.${functionName}.${category}`, InvocationId: invocationId };
    this.lines.push({
      name: 'Microsoft.ApplicationInsights.Message',
      time: new Date().toISOString(),
      iKey: this.key,
      tags: { 'ai.cloud.roleName': process.env.WEBSITE_SITE_NAME, 'ai.operation.name': functionName },
      data: {
        baseType: 'MessageData',
        baseData: { ver: 2, message, severityLevel: severities[level], properties },
      },
    });
    this.sending ??= new Promise((resolve) => setTimeout(resolve, sendAfterMs)).then(() => this.send());
  }

  /** What is collected is sent before the process ends. */
  async close(): Promise<void> {
    await this.send();
  }

  private async send(): Promise<void> {
    const lines = this.lines.splice(0);
    this.sending = undefined;
    if (lines.length === 0) return;
    try {
      const response = await fetch(`${this.endpoint}/v2.1/track`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-json-stream', ...(await this.authorization()) },
        body: lines.map((line) => JSON.stringify(line)).join('\n'),
      });
      tell({ kind: 'telemetry', refused: response.ok ? undefined : `${response.status} ${await response.text()}` });
    } catch (error) {
      tell({ kind: 'telemetry', refused: error instanceof Error ? error.message : String(error) });
    }
  }

  private async authorization(): Promise<Record<string, string>> {
    if (this.credential === undefined) return {};
    const { token } = await this.credential.getToken('https://monitor.azure.com/.default');
    return { authorization: `Bearer ${token}` };
  }
}
