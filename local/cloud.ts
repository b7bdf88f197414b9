import { join } from 'node:path';
import type { TokenCredential } from '@azure/identity';
import { ApplicationInsights } from './applicationInsights/applicationInsights';
import { ResourceManager } from './arm/resourceManager';
import { SiteDeployments } from './arm/siteDeployments';
import { Blobs } from './blobs/blobs';
import type { Certificates, Log, Principal, Service, ServiceContext } from './contracts';
import { ControlPlane } from './controlPlane/controlPlane';
import { openCertificates } from './core/certificates';
import { VirtualClock } from './core/clock';
import { RememberedPorts } from './core/ports';
import type { StateFolder } from './core/state';
import { Databricks } from './databricks/databricks';
import { EventHubs } from './eventHubs/eventHubs';
import { Fabric } from './fabric/fabric';
import { SqlViewReader } from './fabric/viewReader';
import { FhirServices } from './fhir/fhirServices';
import { FunctionApps } from './functions/functionApps';
import { LocalAuthority } from './identity/authority';
import { type Grantee, IdentityEndpoint } from './identity/identityEndpoint';
import { deployer } from './identity/principals';
import { SignInEndpoint } from './identity/signInEndpoint';
import { IotHubs } from './iotHub/iotHubs';
import { StepBoard } from './livePage/stepBoard';
import { OnlineEndpoints } from './machineLearning/onlineEndpoints';
import { ProvisioningServices } from './provisioning/provisioningServices';
import { PulumiStack } from './pulumiStack';
import { SqlServers } from './sql/sqlServers';

export interface LocalCloudOptions {
  readonly state: StateFolder;
  /** Where virtual time begins in a new state, milliseconds since 1970. */
  readonly clockStart: number;
  /** Seconds after which a new role assignment takes effect; default 0. */
  readonly roleDelaySeconds?: number;
  readonly log: Log;
}

/** Everything that takes Azure's place on this machine, without any stack in it. */
export class LocalCloud {
  private readonly stacks: PulumiStack[] = [];

  private constructor(
    readonly state: StateFolder,
    readonly clock: VirtualClock,
    readonly ports: RememberedPorts,
    readonly certificates: Certificates,
    readonly steps: StepBoard,
    readonly controlPlane: ControlPlane,
    readonly controlPlanePort: number,
    readonly authority: LocalAuthority,
    private readonly identityEndpoint: IdentityEndpoint,
    private readonly identityUrl: string,
    private readonly signIn: SignInEndpoint,
    readonly eventHubs: EventHubs,
    readonly blobs: Blobs,
    readonly fhirServices: FhirServices,
    readonly sqlServers: SqlServers,
    readonly iotHubs: IotHubs,
    readonly applicationInsights: ApplicationInsights,
    readonly onlineEndpoints: OnlineEndpoints,
    readonly fabric: Fabric,
    readonly functionApps: FunctionApps,
    readonly databricks: Databricks,
    readonly databricksPort: number,
    readonly resourceManager: ResourceManager,
    private readonly services: readonly Service[],
  ) {}

  /** Starts all services and brings back what an earlier start left in the state folder. */
  static async start({ state, clockStart, roleDelaySeconds = 0, log }: LocalCloudOptions): Promise<LocalCloud> {
    const core = state.folder('core');
    const clock = new VirtualClock({ file: join(core, 'clock'), start: clockStart, log });
    const ports = new RememberedPorts(join(core, 'ports.json'), log);
    const certificates = await openCertificates(state.folder('tls'));
    const steps = new StepBoard();
    const controlPlane = new ControlPlane({ stateFolder: state.folder('control-plane'), log });
    const authority = await LocalAuthority.open({
      stateFolder: state.folder('identity'),
      resources: controlPlane.resources,
      roleDelaySeconds,
    });
    const context: ServiceContext = {
      stateFolder: (service) => state.folder(service),
      resources: controlPlane.resources,
      clock,
      authority,
      certificates,
      ports,
      events: steps,
      log,
    };
    const blobs = new Blobs(context);
    const eventHubs = new EventHubs(context, blobs);
    const fhirServices = new FhirServices(context, eventHubs);
    const sqlServers = new SqlServers(context);
    const iotHubs = new IotHubs(context, { eventHubs, blobs });
    // Before anything is brought back: function apps ask it for tokens as soon as they run.
    const identityEndpoint = new IdentityEndpoint(authority);
    const identityUrl = await identityEndpoint.listen(await ports.get('identity'));
    const signIn = new SignInEndpoint(authority, certificates, await ports.get('sign-in'));
    await signIn.listen();
    const applicationInsights = new ApplicationInsights(context);
    const onlineEndpoints = new OnlineEndpoints(context);
    const fabric = new Fabric(context, {
      reader: new SqlViewReader((principal, audience) => authority.token(principal, audience)),
      know: (principals) => authority.know(principals),
    });
    await fabric.listen();
    const functionApps = new FunctionApps(context, {
      blobs,
      eventHubs,
      identityEnvironment: (identities) => identityEnvironment(identityUrl, identityEndpoint, identities),
      signInUrl: signIn.url,
    });
    const databricks = new Databricks(context, { blobs, eventHubs });
    const services = [
      ...[blobs, eventHubs, fhirServices, sqlServers, iotHubs, new ProvisioningServices(context, iotHubs)],
      ...[applicationInsights, onlineEndpoints, fabric, functionApps, databricks],
    ];
    controlPlane.register(services);
    await controlPlane.restore();
    const deployments = new SiteDeployments({
      resources: controlPlane.resources,
      log,
      authority: certificates.authority,
      deploy: (siteId, content) => functionApps.deploy(siteId, content),
    });
    const resourceManager = new ResourceManager(context, deployer, deployments);
    await resourceManager.listen(await ports.get('resource-manager'));
    return new LocalCloud(
      state,
      clock,
      ports,
      certificates,
      steps,
      controlPlane,
      await controlPlane.listen(await ports.get('control-plane')),
      authority,
      identityEndpoint,
      identityUrl,
      signIn,
      eventHubs,
      blobs,
      fhirServices,
      sqlServers,
      iotHubs,
      applicationInsights,
      onlineEndpoints,
      fabric,
      functionApps,
      databricks,
      await databricks.listen(await ports.get('databricks')),
      resourceManager,
      services,
    );
  }

  /** A stack of the real engine whose providers are this cloud's and whose deployer is the local one. */
  stack(name: string, program: string, home = this.state.folder('pulumi')): PulumiStack {
    this.databricks.programs.add(program);
    const stack = new PulumiStack({
      program,
      stack: name,
      home,
      providers: { 'azure-native': this.controlPlanePort, databricks: this.databricksPort },
      env: this.deployerEnvironment(),
    });
    this.stacks.push(stack);
    return stack;
  }

  /** What a program's process needs to deploy into this cloud: trust, the deployer's tokens, and which cloud it is. */
  deployerEnvironment(): Record<string, string> {
    return {
      NODE_EXTRA_CA_CERTS: this.certificates.authorityFile,
      ARM_METADATA_HOSTNAME: this.resourceManager.host,
      ...this.identityEnvironment([deployer]),
    };
  }

  /** The environment in which a process gets tokens of these identities, and of no others, as in App Service. */
  identityEnvironment(identities: readonly Grantee[]): Record<string, string> {
    return identityEnvironment(this.identityUrl, this.identityEndpoint, identities);
  }

  /** What the SDKs take as a credential, for clients inside this process. */
  credential(principal: Principal): TokenCredential {
    return {
      getToken: async (scopes) => {
        const audience = ([scopes].flat()[0] ?? '').replace(/\/\.default$/, '');
        const { token, expiresOn } = await this.authority.token(principal, audience);
        return { token, expiresOnTimestamp: expiresOn * 1000 };
      },
    };
  }

  async close(): Promise<void> {
    // An update that is under way needs everything below.
    for (const stack of this.stacks) await stack.interrupt();
    await this.resourceManager.close();
    await this.controlPlane.close();
    // In the reverse order of their start: what sends is closed before what receives.
    for (const service of [...this.services].reverse()) await service.close();
    await this.identityEndpoint.close();
    await this.signIn.close();
    this.clock.close();
    this.state.release();
  }
}

function identityEnvironment(
  url: string,
  endpoint: IdentityEndpoint,
  identities: readonly Grantee[],
): Record<string, string> {
  return { IDENTITY_ENDPOINT: url, IDENTITY_HEADER: endpoint.grantHeader(identities) };
}
