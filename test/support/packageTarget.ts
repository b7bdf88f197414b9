import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BlobSASPermissions, generateBlobSASQueryParameters, SASProtocol } from '@azure/storage-blob';

export const signingKey = Buffer.from('a key that the service has made!').toString('base64');
export const bearer = 'the-token-of-the-deployer';

interface Answer {
  readonly status: number;
  readonly body?: string;
}

const minutes = (count: number) => new Date(Math.floor(Date.now() / 1000) * 1000 + count * 60_000);
const text = (time: Date) => time.toISOString().replace('.000Z', 'Z');

/**
 * What a package meets on its way: a token endpoint, a blob account and the onedeploy extension of Resource Manager. It
 * fetches what it is told to deploy, and takes a signature only if @azure/storage-blob signs in the same way.
 */
export class PackageTarget {
  /** Method and path of each request, tokens left out. */
  readonly requests: string[] = [];
  readonly blobs = new Map<string, Buffer>();
  /** Each package that an app was restarted with. */
  readonly deployed: Buffer[] = [];
  /** Answers instead of its own, by what the request starts with, each given once. */
  readonly refusals: { readonly request: string; readonly answer: Answer }[] = [];
  /** What the deployment ends with (Kudu's numbers: 4 success, 3 failed), and after how many questions. */
  ends = { status: 4, message: '', afterQuestions: 0 };
  private questions = 0;
  private readonly key = {
    signedObjectId: '0aaa0000-0000-4000-8000-00000000000d',
    signedTenantId: '10ca1000-0000-4000-8000-00000000000a',
    signedStartsOn: minutes(-5),
    signedExpiresOn: minutes(60),
    signedService: 'b',
    signedVersion: '2022-11-02',
    value: signingKey,
  };

  private constructor(private readonly server: Server) {}

  static async start(): Promise<PackageTarget> {
    const server = createServer();
    const target = new PackageTarget(server);
    server.on('request', (request, response) => void target.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return target;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What was asked since the last time. */
  taken(): string[] {
    return this.requests.splice(0);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { status, body = '' } = await this.answer(request, Buffer.concat(chunks));
    response.writeHead(status, { 'retry-after': '0' }).end(body);
  }

  private async answer(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    if (pathname === '/token') return { status: 200, body: token() };
    const said = `${request.method} ${pathname}`;
    this.requests.push(said);
    const refusal = this.refusals.findIndex((one) => said.startsWith(one.request));
    if (refusal >= 0) return this.refusals.splice(refusal, 1)[0]?.answer ?? { status: 500 };
    if (searchParams.has('sig')) return this.readSigned(pathname, searchParams);
    if (request.headers.authorization !== `Bearer ${bearer}`) return { status: 401 };
    if (pathname.endsWith('/onedeploy')) return this.oneDeploy(request.method === 'PUT' ? body : undefined);
    if (searchParams.get('comp') === 'userdelegationkey') return { status: 200, body: this.keyAsXml() };
    if (request.method === 'PUT') return this.putBlob(pathname, request, body);
    return { status: this.blobs.has(pathname) ? 200 : 404 };
  }

  private putBlob(pathname: string, { headers }: IncomingMessage, body: Buffer): Answer {
    if (headers['x-ms-blob-type'] !== 'BlockBlob' || headers['if-none-match'] !== '*') return { status: 400 };
    if (this.blobs.has(pathname)) return { status: 409, body: '<Error><Code>BlobAlreadyExists</Code></Error>' };
    this.blobs.set(pathname, body);
    return { status: 201 };
  }

  private async oneDeploy(body: Buffer | undefined): Promise<Answer> {
    const { status, message, afterQuestions } = this.ends;
    if (body) {
      const { properties } = JSON.parse(body.toString()) as {
        properties: { packageUri: string; remoteBuild: boolean };
      };
      const fetched = await fetch(properties.packageUri);
      if (!fetched.ok || properties.remoteBuild) return { status: 400, body: `cannot read ${properties.packageUri}` };
      this.deployed.push(Buffer.from(await fetched.arrayBuffer()));
      this.questions = 0;
      return { status: 202 };
    }
    if (this.deployed.length === 0) return { status: 404 };
    const id = `deployment-${this.deployed.length}`;
    if (this.questions++ < afterQuestions) return { status: 200, body: JSON.stringify({ id, status: 1 }) };
    return { status: 200, body: JSON.stringify({ id, status, message }) };
  }

  private readSigned(pathname: string, given: URLSearchParams): Answer {
    const [account = '', container = '', ...blob] = pathname.split('/').slice(1);
    const expected = generateBlobSASQueryParameters(
      {
        containerName: container,
        blobName: blob.join('/'),
        permissions: BlobSASPermissions.parse('r'),
        startsOn: new Date(given.get('st') ?? ''),
        expiresOn: new Date(given.get('se') ?? ''),
        protocol: SASProtocol.Https,
        version: given.get('sv') ?? '',
      },
      this.key,
      account,
    );
    if (new URLSearchParams(expected.toString()).get('sig') !== given.get('sig')) return { status: 403 };
    const content = this.blobs.get(pathname);
    return content ? { status: 200, body: content as unknown as string } : { status: 404 };
  }

  private keyAsXml(): string {
    const { signedObjectId, signedTenantId, signedStartsOn, signedExpiresOn, signedVersion } = this.key;
    const members = {
      SignedOid: signedObjectId,
      SignedTid: signedTenantId,
      SignedStart: text(signedStartsOn),
      SignedExpiry: text(signedExpiresOn),
      SignedService: 'b',
      SignedVersion: signedVersion,
      Value: signingKey,
    };
    const tags = Object.entries(members).map(([tag, value]) => `<${tag}>${value}</${tag}>`);
    return `<?xml version="1.0" encoding="utf-8"?><UserDelegationKey>${tags.join('')}</UserDelegationKey>`;
  }
}

/** As the identity endpoint of App Service answers. */
function token(): string {
  const expires = Math.floor(Date.now() / 1000) + 3600;
  return JSON.stringify({ access_token: bearer, expires_on: String(expires), resource: 'x', token_type: 'Bearer' });
}
