import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { mlOutputSettings } from '../runtime/contracts/appSettings';
import type { ScoredWindow } from '../runtime/contracts/scored';
import { FhirClient } from '../runtime/fhir/fhirClient';
import { CallerCheck, type CallerSettings, readCallers, type TokenVersion } from '../runtime/functions/callerToken';
import { type MlOutputHttpTools, mlOutputHttp } from '../runtime/functions/mlOutputHttp';
import { HotPathWriter } from '../runtime/hotPath/hotPathWriter';
import type { ArrivedWindow } from '../runtime/repository/port';
import { FhirInProcess } from './support/fhirInProcess';
import { scored, windowMs } from './support/hotPathStep';
import { KernelPatient, normalCharted, normalDevice } from './support/kernelPatient';
import { startPackage } from './support/startPackage';

const tenantId = 'f8cdef31-a31e-4b4a-93e4-5f571e91255a';
const callers: CallerSettings = {
  tenantId,
  authority: `https://login.microsoftonline.com/${tenantId}`,
  audience: 'api://iomt-scores',
  allowedClientIds: ['databricks-client'],
};
const claims = { tid: tenantId, azp: 'databricks-client' };

const issuers = { '1.0': `https://sts.windows.net/${tenantId}/`, '2.0': `${callers.authority}/v2.0` } as const;

/** A tenant with a key of its own, whose public half is what a check knows. */
async function tenant() {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const key = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const token = (payload: JWTPayload = {}, expires = '5m') =>
    new SignJWT({ ...claims, ...payload })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .setIssuedAt()
      .setIssuer(payload.iss ?? issuers[payload.ver === '2.0' ? '2.0' : '1.0'])
      .setAudience(payload.aud ?? callers.audience)
      .setExpirationTime(expires)
      .sign(privateKey);
  const keys = createLocalJWKSet({ keys: [key] });
  return { issuer: async (version: TokenVersion) => ({ issuer: issuers[version], keys }), public: [key], token };
}

let fhir: FhirInProcess;
let ours: Awaited<ReturnType<typeof tenant>>;
let rows: ArrivedWindow[];
beforeAll(async () => {
  ours = await tenant();
});
beforeEach(() => {
  fhir = new FhirInProcess();
  rows = [];
});
afterEach(() => fhir.close());

const lines: string[] = [];
const say = (line: string) => {
  lines.push(line);
};
const log = { info: say, warn: say, error: say };

async function post(body: unknown, token: string | undefined, given: Partial<MlOutputHttpTools> = {}) {
  const client = new FhirClient(fhir.transport, 'ml-output-fhir');
  const tools: MlOutputHttpTools = {
    callers: new CallerCheck(callers, ours.issuer),
    writer: new HotPathWriter(client, { windowMs, codes: 'local' }),
    repository: {
      write: async (arrivals) => {
        rows.push(...arrivals);
        return { written: [...arrivals], ignored: 0, episodes: 0, refused: [], writtenAt: null };
      },
    },
    windowMs,
    now: async () => 1_000,
    ...given,
  };
  const request = new Request('https://app.test/api/scored', {
    method: 'POST',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return mlOutputHttp(request as unknown as Parameters<typeof mlOutputHttp>[0], tools, log);
}

const window = scored(new KernelPatient().result({ device: normalDevice, charted: normalCharted }));
const count = () => fhir.all('RiskAssessment').length;

describe('posting results', () => {
  test('a caller who is named gets one window or several into FHIR and the repository; the same again changes nothing', async () => {
    const token = await ours.token();
    const next: ScoredWindow = { ...window, start: window.end, end: window.end + windowMs };
    expect(await post(window, token)).toEqual({ status: 200, jsonBody: { fhir: 1, repository: 1 } });
    expect(await post([window, next], await ours.token({ azp: undefined, appid: 'databricks-client' }))).toMatchObject({
      ...{ status: 200, jsonBody: { fhir: 1 } },
    });
    expect(count()).toBe(2);
    expect(rows.map(({ hot, scoredAt }) => [hot, scoredAt])).toEqual(new Array(3).fill([true, 1_000]));
  });

  test('who is not known, or may not, is told so and nothing else', async () => {
    const other = await tenant();
    const refusals: [string | undefined, number][] = [
      [undefined, 401],
      ['a.b.c', 401],
      [await other.token(), 401],
      [await ours.token({ iss: 'https://sts.windows.net/other/' }), 401],
      [await ours.token({ iss: issuers['2.0'] }), 401],
      [await ours.token({ iss: issuers['1.0'], ver: '2.0' }), 401],
      [await ours.token({ aud: 'api://other' }), 401],
      [await ours.token({}, '-5m'), 401],
      [new UnsecuredJWT(claims).setIssuer(issuers['1.0']).setAudience(callers.audience).encode(), 401],
      [await ours.token({ azp: 'somebody-else' }), 403],
      [await ours.token({ azp: undefined }), 403],
      [await ours.token({ tid: 'another-tenant' }), 403],
    ];
    for (const [token, status] of refusals) {
      const answer = await post(window, token);
      expect([token, answer.status, answer.body, answer.jsonBody]).toEqual([token, status, undefined, undefined]);
    }
    expect([count(), rows.length]).toEqual([0, 0]);
  });

  test("while the tenant's keys cannot be had, it is to be tried later", async () => {
    const issuer = async () => {
      throw new TypeError('fetch failed');
    };
    const answer = await post(window, await ours.token(), { callers: new CallerCheck(callers, issuer) });
    expect(answer).toEqual({ status: 503, headers: { 'retry-after': '30' } });
  });

  test.each(['1.0', '2.0'] as const)(
    'the keys for tokens of version %s are those that their metadata name; they are asked for once, and again after a failure',
    async (ver) => {
      const asked: string[] = [];
      let isAway = true;
      const spy = jest.spyOn(globalThis, 'fetch').mockImplementation(async (address) => {
        asked.push(String(address));
        if (isAway) return new Response('{}', { status: 502 });
        const isMetadata = String(address).endsWith('openid-configuration');
        const metadata = { issuer: issuers[ver], jwks_uri: 'https://login.microsoftonline.com/keys' };
        return Response.json(isMetadata ? metadata : { keys: ours.public });
      });
      try {
        const check = new CallerCheck(callers);
        const token = `Bearer ${await ours.token({ ver })}`;
        await expect(check.check(token)).rejects.toThrow('name no issuer or no keys');
        isAway = false;
        expect([await check.check(token), await check.check(token)]).toEqual(['allowed', 'allowed']);
        const metadata = `${callers.authority}${ver === '2.0' ? '/v2.0' : ''}/.well-known/openid-configuration`;
        expect(asked).toEqual([metadata, metadata, 'https://login.microsoftonline.com/keys']);
      } finally {
        spy.mockRestore();
      }
    },
  );

  test('what is malformed is told by its place, without values, and nothing is written', async () => {
    const token = await ours.token();
    const answer = await post([window, { ...window, patient: 'not an id' }, { kind: 'clockMark' }], token);
    expect(answer).toMatchObject({ status: 400, jsonBody: { errors: [{ index: 1 }, { index: 2 }] } });
    expect(JSON.stringify(answer)).not.toContain('not an id');
    expect(await post('not JSON', token)).toMatchObject({ status: 400 });
    expect([count(), rows.length]).toEqual([0, 0]);
  });

  test('what FHIR refuses is told by its place; the rest is written', async () => {
    const answer = await post([window, { ...window, patient: 'q', kernel: '\u0000' }], await ours.token());
    expect(answer).toMatchObject({ status: 422, jsonBody: { errors: [{ index: 1 }] } });
    expect(count()).toBe(1);
  });

  test('too much is 413, whatever its header says of the length', async () => {
    const token = await ours.token();
    expect(await post([window], token, { limits: { bytes: 1_000 } })).toEqual({ status: 413 });
    expect(await post([window, window], token, { limits: { results: 1 } })).toEqual({ status: 413 });
    expect([count(), rows.length]).toEqual([0, 0]);
  });

  test('a service that is away does not hold the caller for ever', async () => {
    const answer = await post(window, await ours.token(), {
      ...{ limits: { milliseconds: 20 }, writer: { write: () => new Promise<never>(() => {}) } },
    });
    expect(answer.status).toBe(503);
  });
});

test.each([
  ['{', 'HTTP_CALLERS is not a JSON object'],
  [JSON.stringify({ ...callers, authority: 'http://login' }), 'missing or wrong members: authority'],
  [
    JSON.stringify({ authority: callers.authority, allowedClientIds: [] }),
    'members: tenantId, audience, allowedClientIds',
  ],
])('callers %s are refused', (text, said) => {
  expect(() => readCallers(text)).toThrow(said);
});

describe('the package', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ml-output-'));
    copyFileSync(join(__dirname, '..', 'dist', 'functions', 'ml-output', 'main.js'), join(folder, 'main.js'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const settings = {
    ...Object.fromEntries(mlOutputSettings.map((name) => [name, 'x'])),
    ...{ FHIR_URL: 'https://fhir.test', DEAD_LETTER_CONTAINER_URL: 'https://a.blob.core.windows.net/dead-letters' },
    ...{ REPOSITORY_SERVER: 'sql.test', WINDOW_SECONDS: '300', LATENESS_SECONDS: '120' },
    ...{ LATENCY_WARNING_MINUTES: '10', LATENCY_BREACH_MINUTES: '15', HTTP_CALLERS: '', SCORE_CODES: 'local' },
  };
  const run = (changed: Record<string, string> = {}) =>
    startPackage(join(folder, 'main.js'), { ...settings, ...changed });

  test('has one function for each of the two, which are retried without end, and takes posts only where callers are named', async () => {
    const { registered, model } = await run();
    expect(model).toBe('@azure/functions');
    expect(Object.keys(registered)).toEqual(['mlOutputFhir', 'mlOutputRepository']);
    for (const [name, group] of [
      ['mlOutputFhir', '%FHIR_CONSUMER_GROUP%'],
      ['mlOutputRepository', '%REPOSITORY_CONSUMER_GROUP%'],
    ] as const) {
      expect(registered[name]?.trigger).toMatchObject({
        ...{ type: 'eventHubTrigger', connection: 'Scored', eventHubName: '%SCORED_HUB%', dataType: 'binary' },
        consumerGroup: group,
      });
      expect(registered[name]?.retryOptions).toMatchObject({ maxRetryCount: -1 });
    }
    const named = await run({ HTTP_CALLERS: JSON.stringify(callers) });
    expect(named.registered.mlOutputHttp?.trigger).toMatchObject({ type: 'httpTrigger', methods: ['POST'] });
  });

  test.each([
    [{ WINDOW_SECONDS: '7' }, "WINDOW_SECONDS is '7'"],
    [{ LATENCY_WARNING_MINUTES: '-1' }, "LATENCY_WARNING_MINUTES is '-1'; allowed are minutes"],
    [{ SCORE_CODES: 'loinc' }, "SCORE_CODES is 'loinc'; allowed are local and snomedUk."],
    [{ HTTP_CALLERS: '[]' }, 'HTTP_CALLERS is not a JSON object'],
  ])('does not start with %j', async (changed: Record<string, string>, said) => {
    await expect(run(changed)).rejects.toThrow(said);
  });
});
