import { Client } from 'fhir-kit-client';
import type { EventHubSender, Principal, Properties } from '../../local/contracts';
import { FhirServices } from '../../local/fhir/fhirServices';
import { resourceGroupId, type TestContext } from './context';

export const workspaceId = `${resourceGroupId}/providers/Microsoft.HealthcareApis/workspaces/ahdstest`;
export const fhirId = `${workspaceId}/fhirservices/fhir`;
const resourceActions = 'Microsoft.HealthcareApis/workspaces/fhirservices/resources';

export type FhirJson = { resourceType: string; id?: string } & Record<string, unknown>;

/** What of FHIR's answers tests look at, whatever the type: what is not there is undefined. */
export interface FhirBody extends Record<string, unknown> {
  readonly resourceType: string;
  readonly id: string;
  readonly meta: { readonly versionId: string; readonly lastUpdated: string };
  readonly total: number;
  readonly issue: readonly { readonly severity: string; readonly diagnostics: string }[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly entry: readonly {
    readonly resource: FhirBody;
    readonly search: { readonly mode: string };
    readonly response: { readonly status: string; readonly etag: string; readonly outcome?: FhirBody };
  }[];
}

export interface FhirReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: FhirBody;
}

/** One FHIR service as a test uses it, by fetch and by a real FHIR client. */
export class TestFhir {
  /** URL and audience. */
  url = '';

  private constructor(
    readonly context: TestContext,
    readonly services: FhirServices,
    readonly writer: Principal,
  ) {}

  static async start(
    context: TestContext,
    eventHubs: EventHubSender = { send: async () => {} },
    inputs: Properties = {},
  ): Promise<TestFhir> {
    const writer = context.authority.principal('writer');
    for (const action of ['read', 'write', 'delete']) {
      context.authority.grant(writer, `${resourceActions}/${action}`, fhirId);
    }
    const fhir = new TestFhir(context, new FhirServices(context, eventHubs), writer);
    await fhir.provision(inputs);
    return fhir;
  }

  /** Creates or updates the service as the control plane would. */
  async provision(inputs: Properties): Promise<Properties> {
    const previous = this.context.resources.get(fhirId);
    const resource = this.context.resources.put('healthcareapis:FhirService', fhirId, inputs);
    const outputs = await this.services.provision(resource, previous);
    this.url = String((outputs.authenticationConfiguration as Properties).audience);
    return outputs;
  }

  /** A principal whose role holds these data actions only. */
  principal(name: string, ...actions: readonly string[]): Principal {
    const principal = this.context.authority.principal(name);
    for (const action of actions) this.context.authority.grant(principal, `${resourceActions}/${action}`, fhirId);
    return principal;
  }

  token(principal = this.writer, audience = this.url): string {
    return this.context.authority.token(principal, audience);
  }

  client(principal = this.writer): Client {
    return new Client({ baseUrl: this.url, bearerToken: this.token(principal) });
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    token = this.token(),
  ): Promise<FhirReply> {
    const request = {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json', ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    };
    const url = path.startsWith('https:') ? path : `${this.url}/${path}`;
    // A connection that is kept alive from before a restart fails once.
    const reply = await fetch(url, request).catch(() => fetch(url, request));
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Writes resources under their ids. */
  async put(...resources: readonly FhirJson[]): Promise<void> {
    const entry = resources.map((resource) => ({
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
      resource,
    }));
    const { body } = await this.send('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
    const failed = body.entry.find(({ response }) => Number(response.status) >= 300);
    if (failed) throw new Error(JSON.stringify(failed));
  }

  /** The ids that a search finds, in its order, matches before what they include. */
  async ids(query: string): Promise<string[]> {
    const { status, body } = await this.send('GET', query);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return (body.entry ?? []).map(({ resource }) => resource.id);
  }
}

/** A heart rate of patient p1, as the engine writes it. */
export function heartRate(id: string | undefined, more: Record<string, unknown> = {}): FhirJson {
  return {
    resourceType: 'Observation',
    ...(id === undefined ? {} : { id }),
    status: 'final',
    category: [
      {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }],
      },
    ],
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
    subject: { reference: 'Patient/p1' },
    device: { reference: 'Device/d1' },
    effectiveDateTime: '2026-01-05T10:00:00.000Z',
    valueQuantity: { value: 72, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
    ...more,
  };
}
