/** The content of an IoT Edge automatic deployment, as IoT Hub keeps it in a configuration. */
export interface DeploymentContent {
  readonly modulesContent?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What a deployment has edgeHub do with the messages of the devices behind it. */
export interface EdgeHubSettings {
  /** Seconds for which a message is kept while the hub cannot be reached. */
  readonly timeToLiveSeconds: number;
}

/** IoT Edge documentation, "Properties of the IoT Edge hub module twins": the default is two hours. */
const defaultTimeToLiveSeconds = 7200;

/** Sources that hold the messages of leaf devices; `NOT IS_DEFINED($connectionModuleId)` is how routes name just those. */
const upstreamRoute =
  /^\s*FROM\s+\/(\*|messages|messages\/\*)\s+(?:WHERE\s+(?:true|NOT\s+IS_DEFINED\s*\(\s*\$connectionModuleId\s*\))\s+)?INTO\s+\$upstream\s*$/i;

interface DesiredProperties {
  readonly routes?: Readonly<Record<string, string | { readonly route?: string; readonly timeToLiveSecs?: number }>>;
  readonly storeAndForwardConfiguration?: { readonly timeToLiveSecs?: number };
}

/**
 * Reads the desired properties of `$edgeHub` in a deployment.
 * @returns nothing when no route sends the messages of leaf devices to `$upstream`.
 * @throws Error naming the route that this stand-in cannot do: one into a module, or with a condition of its own.
 */
export function readEdgeHubSettings(deployment: DeploymentContent | undefined): EdgeHubSettings | undefined {
  const edgeHub = deployment?.modulesContent?.$edgeHub ?? {};
  const desired = (edgeHub['properties.desired'] ?? {}) as DesiredProperties;
  const general = desired.storeAndForwardConfiguration?.timeToLiveSecs ?? defaultTimeToLiveSeconds;
  let settings: EdgeHubSettings | undefined;
  // Schema 1.1 also spells a route as a key of its own: `properties.desired.routes.<name>`.
  const flat = Object.entries(edgeHub).filter(([key]) => key.startsWith('properties.desired.routes.'));
  for (const [name, given] of [...Object.entries(desired.routes ?? {}), ...flat]) {
    const { route = '', timeToLiveSecs } = (typeof given === 'string' ? { route: given } : given) as {
      route?: string;
      timeToLiveSecs?: number;
    };
    if (!upstreamRoute.test(route)) {
      throw new Error(
        `The gateway stand-in cannot do the route ${name} "${route}": it forwards all messages of leaf devices, as "FROM /messages/* INTO $upstream".`,
      );
    }
    settings = { timeToLiveSeconds: timeToLiveSecs ?? general };
  }
  return settings;
}
