import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Authority, AzureError, type Clock, type Log } from '../contracts';
import { type EnrollmentGroup, readEnrollmentGroup, withoutKeys } from './enrollmentGroup';
import type { ProvisioningStore } from './provisioningStore';

const audience = 'https://azure-devices-provisioning.net';
/** Azure's limit is per group; any body above this is not one. */
const largestBodyBytes = 256 * 1024;

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly etag?: string;
}

interface Request {
  readonly id: string;
  readonly ifMatch?: string;
  readonly body: unknown;
}

interface Operation {
  readonly method: string;
  readonly path: RegExp;
  /** Below `Microsoft.Devices/provisioningServices/`. */
  readonly dataAction: string;
  readonly run: (request: Request) => Answer;
}

/**
 * The HTTPS side of the Device Provisioning Service, for those who administer it (service API, api-version 2021-10-01):
 * enrollment groups with ETags, their symmetric keys, and registration records. Callers bring an Entra token for
 * https://azure-devices-provisioning.net and need the data action of each operation, as the role "Device Provisioning
 * Service Data Contributor" holds them. Single enrollments are refused: the hospital's devices come in groups.
 */
export class ProvisioningServiceApi {
  private readonly operations: readonly Operation[];

  constructor(
    private readonly resourceId: string,
    private readonly store: ProvisioningStore,
    /** Whether the service has a verified certificate of that name. */
    private readonly hasAuthority: (certificateName: string) => boolean,
    private readonly authority: Authority,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    const group = /^\/enrollmentGroups\/([^/]+)$/i;
    const registration = /^\/registrations\/([^/]+)$/i;
    this.operations = [
      operation('POST', /^\/enrollmentGroups\/query$/i, 'enrollmentGroups/read', (request) => this.query(request)),
      operation('GET', group, 'enrollmentGroups/read', ({ id }) => this.groupAnswer(this.group(id))),
      operation('PUT', group, 'enrollmentGroups/write', (request) => this.putGroup(request)),
      operation('DELETE', group, 'enrollmentGroups/delete', (request) => this.deleteGroup(request)),
      operation(
        'POST',
        /^\/enrollmentGroups\/([^/]+)\/attestationmechanism$/i,
        'attestationmechanism/details/action',
        ({ id }) => ({ status: 200, body: this.group(id).attestation }),
      ),
      operation('POST', /^\/registrations\/([^/]+)\/query$/i, 'registrationStates/read', ({ id }) => ({
        status: 200,
        body: this.registrationsOf(this.group(id)),
      })),
      operation('GET', registration, 'registrationStates/read', ({ id }) => this.registration(id)),
      operation('DELETE', registration, 'registrationStates/delete', ({ id }) => this.deleteRegistration(id)),
    ];
  }

  /** Answers one request; never throws. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.answer(request);
    } catch (error) {
      answer = this.failure(error);
    }
    const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
    if (answer.etag !== undefined) headers.etag = answer.etag;
    response.writeHead(answer.status, headers);
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const { pathname } = new URL(request.url ?? '/', 'https://localhost');
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined)
      throw new AzureError(401, 'Unauthorized', `The request needs a bearer token for ${audience}.`);
    const caller = await this.authority.authenticate(token, audience);
    for (const { method, path, dataAction, run } of this.operations) {
      const match = request.method === method ? path.exec(pathname) : null;
      if (match === null) continue;
      this.authority.require(caller, `Microsoft.Devices/provisioningServices/${dataAction}`, this.resourceId);
      const ifMatch = request.headers['if-match'];
      return run({ id: decodeURIComponent(match[1] ?? ''), ifMatch, body: await readBody(request) });
    }
    throw new AzureError(
      404,
      'NotFound',
      `The local provisioning service has no ${request.method} ${pathname}: it does enrollmentGroups and registrations.`,
    );
  }

  private failure(error: unknown): Answer {
    const status = error instanceof AzureError ? error.status : 500;
    const message = error instanceof AzureError ? error.message : 'The local provisioning service failed; see its log.';
    if (status === 500) this.log.warn(`DPS: ${error instanceof Error ? error.message : String(error)}`);
    const timestampUtc = new Date(this.clock.now()).toISOString();
    return { status, body: { errorCode: status * 1000, trackingId: randomUUID(), message, timestampUtc } };
  }

  private group(id: string): EnrollmentGroup {
    const group = this.store.groups.get(id);
    if (group === undefined) throw new AzureError(404, 'NotFound', `There is no enrollment group "${id}".`);
    return group;
  }

  private groupAnswer(group: EnrollmentGroup): Answer {
    return { status: 200, body: withoutKeys(group), etag: group.etag };
  }

  private query({ body }: Request): Answer {
    const { query } = (body ?? {}) as { query?: string };
    if (!/^\s*select\s+\*(\s+from\s+enrollmentGroups)?\s*$/i.test(query ?? 'select *')) {
      throw new AzureError(
        400,
        'BadRequest',
        `The query is "${query}"; the local provisioning service does "SELECT *".`,
      );
    }
    return { status: 200, body: this.store.groups.all().map(withoutKeys) };
  }

  private putGroup({ id, ifMatch, body }: Request): Answer {
    const previous = this.store.groups.get(id);
    requireMatch(id, previous, ifMatch);
    const wanted = readEnrollmentGroup(id, body, previous);
    this.requireAuthorities(wanted);
    const now = new Date(this.clock.now()).toISOString();
    const group: EnrollmentGroup = {
      ...wanted,
      etag: `"${randomUUID()}"`,
      createdDateTimeUtc: previous?.createdDateTimeUtc ?? now,
      lastUpdatedDateTimeUtc: now,
    };
    this.store.groups.put(id, group);
    return this.groupAnswer(group);
  }

  private deleteGroup({ id, ifMatch }: Request): Answer {
    requireMatch(id, this.group(id), ifMatch);
    this.store.groups.remove(id);
    return { status: 204 };
  }

  /** A group may only refer to certificates that the service has verified, and no two groups to the same one. */
  private requireAuthorities(wanted: Pick<EnrollmentGroup, 'enrollmentGroupId' | 'attestation'>): void {
    for (const name of authoritiesNamed(wanted)) {
      if (!this.hasAuthority(name)) {
        throw new AzureError(
          400,
          'BadRequest',
          `caReferences names "${name}", which is no verified certificate of this service.`,
        );
      }
      const other = this.store.groups
        .all()
        .find(
          (group) => group.enrollmentGroupId !== wanted.enrollmentGroupId && authoritiesNamed(group).includes(name),
        );
      if (other !== undefined) {
        throw new AzureError(
          409,
          'Conflict',
          `The certificate "${name}" already vouches for the group "${other.enrollmentGroupId}": give each group its own authority.`,
        );
      }
    }
  }

  private registration(id: string): Answer {
    const record = this.store.registrations.get(id);
    if (record === undefined) throw new AzureError(404, 'NotFound', `There is no registration "${id}".`);
    return { status: 200, body: { ...record, status: 'assigned' }, etag: record.etag };
  }

  private registrationsOf({ enrollmentGroupId }: EnrollmentGroup): object[] {
    const ofGroup = this.store.registrations.all().filter((record) => record.enrollmentGroupId === enrollmentGroupId);
    return ofGroup.map((record) => ({ ...record, status: 'assigned' }));
  }

  private deleteRegistration(id: string): Answer {
    this.registration(id);
    this.store.registrations.remove(id);
    return { status: 204 };
  }
}

function operation(method: string, path: RegExp, dataAction: string, run: Operation['run']): Operation {
  return { method, path, dataAction, run };
}

function authoritiesNamed({ attestation }: Pick<EnrollmentGroup, 'attestation'>): string[] {
  if (attestation.type !== 'x509') return [];
  const { primary, secondary } = attestation.x509.caReferences ?? {};
  return [primary, secondary].filter((name): name is string => name !== undefined);
}

function requireMatch(id: string, group: EnrollmentGroup | undefined, ifMatch: string | undefined): void {
  if (ifMatch === undefined || (ifMatch === '*' && group !== undefined)) return;
  if (group !== undefined && ifMatch.replaceAll('"', '') === group.etag.replaceAll('"', '')) return;
  throw new AzureError(412, 'PreconditionFailed', `The enrollment group "${id}" is not at ETag ${ifMatch}.`);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > largestBodyBytes)
      throw new AzureError(413, 'PayloadTooLarge', `A body has at most ${largestBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new AzureError(400, 'BadRequest', 'The body is not JSON.');
  }
}
