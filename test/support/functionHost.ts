import { buildSync } from 'esbuild';
import { zipSync } from 'fflate';
import { ApplicationInsights } from '../../local/applicationInsights/applicationInsights';
import { Blobs } from '../../local/blobs/blobs';
import type { ArmResource, Principal, Properties } from '../../local/contracts';
import { FunctionApps } from '../../local/functions/functionApps';
import type { AppHealth, FunctionHealth } from '../../local/functions/health';
import { IdentityEndpoint } from '../../local/identity/identityEndpoint';
import { resourceGroupId, type TestContext } from './context';
import { namespaceId, TestEventHubs, until } from './eventHubs';

export const accountId = `${resourceGroupId}/providers/Microsoft.Storage/storageAccounts/sthost`;
export const componentId = `${resourceGroupId}/providers/Microsoft.Insights/components/appi-test`;
export const siteIdOf = (name: string) => `${resourceGroupId}/providers/Microsoft.Web/sites/${name}`;
const containerOf = (site: string) => `deployments-${site}`;

/** A package of a function app whose code is `source`, bundled with the real @azure/functions. */
export function functionPackage(source: string, hostJson: object = {}): Buffer {
  const { outputFiles } = buildSync({
    stdin: { contents: source, resolveDir: __dirname, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    external: ['@azure/functions-core'],
    logLevel: 'error',
  });
  const file = (value: object) => Buffer.from(JSON.stringify(value));
  return Buffer.from(
    zipSync({
      'host.json': file({ version: '2.0', ...hostJson }),
      'package.json': file({ main: 'main.js', type: 'commonjs' }),
      'main.js': outputFiles[0]?.contents ?? Buffer.alloc(0),
    }),
  );
}

/** A functions host with an event hub namespace, a storage account and an Application Insights beside it. */
export class TestFunctionHost {
  readonly hubs: TestEventHubs;
  readonly blobs: Blobs;
  readonly insights: ApplicationInsights;
  apps: FunctionApps;
  /** Where apps find Microsoft Entra's sign-in hosts, from the next start of the host on. */
  signInUrl = 'https://localhost:1';
  private readonly identities: IdentityEndpoint;
  private readonly hostNames = new Map<string, string>();
  private identityUrl = '';
  private connectionString = '';
  /** With a slash at its end. */
  blobEndpoint = '';

  constructor(readonly context: TestContext) {
    const { authority } = context;
    this.hubs = new TestEventHubs(context);
    this.blobs = new Blobs(context);
    this.insights = new ApplicationInsights(context);
    this.identities = new IdentityEndpoint({
      identity: (id) => authority.identity(id),
      token: async (principal, audience) => ({
        token: authority.token(principal, audience),
        expiresOn: Math.floor(Date.now() / 1000) + 3600,
      }),
    });
    this.apps = this.newApps();
  }

  async start(): Promise<this> {
    await this.hubs.start();
    const { inputs } = this.context.resources.get(namespaceId) ?? { inputs: {} };
    this.context.resources.put('eventhub:Namespace', namespaceId, inputs, {
      serviceBusEndpoint: `https://${this.hubs.host}/`,
    });
    this.identityUrl = await this.identities.listen();
    const account = this.context.resources.put('storage:StorageAccount', accountId, {});
    const { primaryEndpoints } = await this.blobs.provision(account);
    this.blobEndpoint = (primaryEndpoints as { blob: string }).blob;
    const component = { instrumentationKey: 'b7c4f5a2-0000-4000-8000-000000000001', appId: 'app' };
    const { connectionString } = await this.insights.provision(
      this.context.resources.put('applicationinsights:Component', componentId, { disableLocalAuth: true }, component),
    );
    this.connectionString = String(connectionString);
    return this;
  }

  /** A host that takes over from the one before it, as after a restart of the local cloud. */
  async restart(sites: readonly string[]): Promise<void> {
    await this.apps.close();
    this.apps = this.newApps();
    for (const name of sites) await this.apps.provision(this.resource(name));
  }

  /** The identity that a site of that name has; it may do all that an app needs, unless a test takes it away. */
  identity(site: string): Principal {
    return this.context.authority.principal(`id-${site}`);
  }

  /** Grants what an app needs. Returns what takes one of them back, by name. */
  grants(site: string): Record<'hub' | 'storage' | 'telemetry', () => void> {
    const { authority } = this.context;
    const identity = this.identity(site);
    return {
      hub: authority.grant(identity, 'Microsoft.EventHub/*', namespaceId),
      storage: authority.grant(identity, 'Microsoft.Storage/*', accountId),
      telemetry: authority.grant(identity, 'Microsoft.Insights/Telemetry/Write', componentId),
    };
  }

  /** Declares a site as the control plane would, with the settings of an app that reads the hub of the namespace. */
  async site(name: string, settings: Readonly<Record<string, string>> = {}, others: Properties = {}): Promise<string> {
    const containerId = `${accountId}/blobServices/default/containers/${containerOf(name)}`;
    await this.blobs.provision(this.context.resources.put('storage:BlobContainer', containerId, {}));
    const { clientId } = this.identity(name);
    const all = {
      AzureWebJobsStorage__blobServiceUri: this.blobEndpoint,
      AzureWebJobsStorage__credential: 'managedidentity',
      AzureWebJobsStorage__clientId: clientId,
      Data__fullyQualifiedNamespace: this.hubs.host,
      Data__credential: 'managedidentity',
      Data__clientId: clientId,
      APPLICATIONINSIGHTS_CONNECTION_STRING: this.connectionString,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: `ClientId=${clientId};Authorization=AAD`,
      ...settings,
    };
    const identityId = this.context.authority.identityId(`id-${name}`);
    const inputs: Properties = {
      kind: 'functionapp,linux',
      identity: { type: 'UserAssigned', userAssignedIdentities: [identityId] },
      siteConfig: { appSettings: Object.entries(all).map(([key, value]) => ({ name: key, value })) },
      functionAppConfig: {
        runtime: { name: 'node', version: '22' },
        deployment: {
          storage: {
            type: 'blobContainer',
            value: `${this.blobEndpoint}${containerOf(name)}`,
            authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId },
          },
        },
      },
      ...others,
    };
    const { defaultHostName } = await this.apps.provision(
      this.context.resources.put('web:WebApp', siteIdOf(name), inputs),
    );
    this.hostNames.set(name, String(defaultHostName));
    return siteIdOf(name);
  }

  /** Where a site is called, without a slash at its end. */
  url(site: string): string {
    return `https://${this.hostNames.get(site)}`;
  }

  app(name: string): AppHealth {
    const found = this.apps.health().find((app) => app.name === name);
    if (found === undefined) throw new Error(`There is no app ${name}.`);
    return found;
  }

  function(site: string, name: string): FunctionHealth {
    const found = this.app(site).functions.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${site} has no function ${name}.`);
    return found;
  }

  /** Resolves when every function of the app runs. */
  async runs(site: string): Promise<void> {
    await until(`${site} runs`, () => {
      const { state, functions, reason } = this.app(site);
      if (state === 'failed') throw new Error(reason);
      return state === 'running' && functions.every((one) => one.state === 'running');
    });
  }

  /** What functions logged with this word before it, as JSON behind it. */
  logged<T>(word: string): T[] {
    const lines = this.context.logged.flatMap((line) => line.split(`: ${word} `).slice(1));
    return lines.map((line) => JSON.parse(line) as T);
  }

  async close(): Promise<void> {
    await this.apps.close();
    await this.insights.close();
    await this.identities.close();
    await this.blobs.close();
    await this.hubs.service.close();
  }

  private newApps(): FunctionApps {
    return new FunctionApps(this.context, {
      blobs: this.blobs,
      eventHubs: this.hubs.service,
      identityEnvironment: (identities) => ({
        IDENTITY_ENDPOINT: this.identityUrl,
        IDENTITY_HEADER: this.identities.grantHeader(identities),
      }),
      signInUrl: this.signInUrl,
    });
  }

  private resource(name: string): ArmResource {
    const resource = this.context.resources.get(siteIdOf(name));
    if (resource === undefined) throw new Error(`There is no site ${name}.`);
    return resource;
  }
}
