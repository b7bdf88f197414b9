import { randomUUID } from 'node:crypto';
import type { Properties } from '../../contracts';
import type { Failure } from '../../controlPlane/kinds/kind';
import { matches, oneOf } from '../../controlPlane/kinds/rules';
import { textAt, valueAt, valuesAt } from '../../controlPlane/values';
import { accountOf, blobActions, containerIdOf, lakePlaceOf, lies, principalOf } from './cloudStorage';
import { type AssetKind, exactlyOne, type Rule, type Surroundings } from './kind';
import type { TypeName } from './names';

const sdk = 'SDK @pulumi/databricks';
const objectNames = 'Databricks docs: Names';

/** A rule of the control plane's table, which looks at inputs alone. */
const alone = (rule: (inputs: Properties, around: never) => readonly Failure[]): Rule => {
  return (inputs) => rule(inputs, undefined as never);
};

/** Databricks docs, "Names": object names have no period, space, slash, control characters, and at most 255 characters. */
const objectName = alone(
  matches('name', /^[^\s./\x7f]{1,255}$/, 'up to 255 characters, no periods, spaces or slashes', objectNames),
);

const named = (inputs: Properties): string | undefined => textAt(inputs, 'name');

const catalog: AssetKind = {
  id: named,
  immutable: ['storageRoot', 'connectionName', 'providerName', 'shareName'],
  rules: [objectName],
};

const storageCredential: AssetKind = {
  id: named,
  immutable: ['name'],
  rules: [exactlyOne(['azureManagedIdentity', 'azureServicePrincipal'], sdk), managedIdentityOnly],
  validations: [accessConnector],
  computed: () => ({ storageCredentialId: randomUUID() }),
  heldBy: ({ id, inputs }, around) => usedBy('ExternalLocation', 'credentialName', id, inputs, around),
};

const credential: AssetKind = {
  id: named,
  immutable: ['name', 'purpose'],
  rules: [
    alone(oneOf('purpose', ['SERVICE', 'STORAGE'], sdk)),
    exactlyOne(['azureManagedIdentity', 'azureServicePrincipal'], sdk),
    managedIdentityOnly,
  ],
  validations: [accessConnector],
  computed: () => ({ credentialId: randomUUID() }),
  heldBy: ({ id, inputs }, around) => usedBy('ExternalLocation', 'credentialName', id, inputs, around),
};

/** A service principal's secret has no use here; the components use none. */
function managedIdentityOnly(inputs: Properties): Failure[] {
  if (inputs.azureServicePrincipal === undefined) return [];
  return [
    { property: 'azureServicePrincipal', reason: 'the local cloud knows credentials of an access connector only.' },
  ];
}

function accessConnector(inputs: Properties, { azure, authority }: Surroundings): Failure[] {
  try {
    principalOf(inputs, azure, authority);
    return [];
  } catch (error) {
    return [{ property: 'azureManagedIdentity.accessConnectorId', reason: (error as Error).message }];
  }
}

const externalLocation: AssetKind = {
  id: named,
  immutable: ['name'],
  rules: [knownCredential, lakeUrl, ownUrl],
  validations: [reachable],
  computed: () => ({ browseOnly: false, credentialId: randomUUID() }),
  heldBy: ({ inputs }, around) => {
    if (inputs.forceDestroy === true) return undefined;
    const inside = around
      .assets('Volume')
      .find((v) => lies(textAt(v.inputs, 'storageLocation') ?? '', String(inputs.url)));
    return inside && `the volume '${inside.id}' is in it; set forceDestroy to delete it all the same.`;
  },
};

function storageCredentialOf(name: string, around: Surroundings): Properties | undefined {
  return around.asset('StorageCredential', name)?.inputs ?? around.asset('Credential', name)?.inputs;
}

function knownCredential(inputs: Properties, around: Surroundings): Failure[] {
  const property = 'credentialName';
  const name = textAt(inputs, property);
  if (!name || around.exists('StorageCredential', name) || around.exists('Credential', name)) return [];
  return [{ property, reason: `there is no storage credential '${name}'.` }];
}

function lakeUrl(inputs: Properties): Failure[] {
  const url = textAt(inputs, 'url');
  if (url === undefined || lakePlaceOf(url)) return [];
  return [
    {
      property: 'url',
      reason: `url is '${url}'; needed is abfss://<container>@<account>.dfs.core.windows.net/<path>.`,
    },
  ];
}

/** Databricks docs, "External locations": none may overlap another. */
function ownUrl(inputs: Properties, around: Surroundings): Failure[] {
  const [name, url] = [named(inputs), textAt(inputs, 'url')];
  if (!url) return [];
  const other = around.assets('ExternalLocation').find(({ id, inputs: its }) => {
    const [a, b] = [url, String(its.url)];
    return id !== name && (lies(a, b) || lies(b, a));
  });
  return other ? [{ property: 'url', reason: `url '${url}' overlaps the external location '${other.id}'.` }] : [];
}

/** Databricks reads, writes and deletes there when the location is created, unless `skipValidation` is set. */
function reachable(inputs: Properties, around: Surroundings): Failure[] {
  const place = lakePlaceOf(textAt(inputs, 'url') ?? '');
  if (!place) return [];
  const account = accountOf(place, around.azure);
  const container = containerIdOf(place, around.azure);
  if (!account || !container) {
    return [
      {
        property: 'url',
        reason: `there is no container '${place.container}' in a storage account '${place.account}'.`,
      },
    ];
  }
  if (account.inputs.isHnsEnabled !== true) {
    return [
      {
        property: 'url',
        reason: `the storage account '${place.account}' has no hierarchical namespace (isHnsEnabled).`,
      },
    ];
  }
  const credential_ = storageCredentialOf(String(inputs.credentialName), around);
  if (inputs.skipValidation === true || !credential_) return [];
  const principal = principalOf(credential_, around.azure, around.authority);
  const actions = inputs.readOnly === true ? [blobActions.read] : Object.values(blobActions);
  const missing = actions.filter((action) => !around.authority.allows(principal, action, container));
  if (missing.length === 0) return [];
  const reason = `the identity of the credential '${inputs.credentialName}' lacks ${missing.join(', ')} on '${container}'.`;
  return [{ property: 'credentialName', reason }];
}

const schema: AssetKind = {
  id: (inputs) => joined(inputs, 'catalogName', 'name'),
  immutable: ['name', 'catalogName', 'storageRoot'],
  rules: [objectName, inLocation('storageRoot')],
  computed: () => ({ schemaId: randomUUID() }),
  heldBy: ({ id, inputs }, around) => {
    if (inputs.forceDestroy === true) return undefined;
    const inside = around.assets('Volume').find((volume) => volume.id.startsWith(`${id}.`));
    return inside && `the volume '${inside.id}' is in it; set forceDestroy to delete it all the same.`;
  },
};

const volume: AssetKind = {
  id: (inputs) => joined(inputs, 'catalogName', 'schemaName', 'name'),
  // The name is part of the id by which the engine finds it.
  immutable: ['name', 'catalogName', 'schemaName', 'volumeType', 'storageLocation'],
  rules: [
    objectName,
    alone(oneOf('volumeType', ['MANAGED', 'EXTERNAL'], sdk)),
    knownSchema,
    inLocation('storageLocation'),
    volumePlace,
  ],
  computed: (_, id) => ({ volumePath: `/Volumes/${id.replaceAll('.', '/')}` }),
};

/** Each catalog comes with a schema `default`. */
function knownSchema(inputs: Properties, around: Surroundings): Failure[] {
  const id = joined(inputs, 'catalogName', 'schemaName');
  if (!id || id.endsWith('.default') || around.exists('Schema', id)) return [];
  return [{ property: 'schemaName', reason: `there is no schema '${id}'.` }];
}

function volumePlace(inputs: Properties): Failure[] {
  const [type, place] = [textAt(inputs, 'volumeType'), valueAt(inputs, 'storageLocation')];
  if (type === 'EXTERNAL' && inputs.storageLocation === undefined)
    return [{ property: 'storageLocation', reason: "storageLocation is missing; volumeType 'EXTERNAL' needs it." }];
  if (type === 'MANAGED' && place !== undefined)
    return [{ property: 'storageLocation', reason: "storageLocation is given, but volumeType is 'MANAGED'." }];
  return [];
}

/** Databricks docs: storage of an object lies within an external location. */
function inLocation(property: string): Rule {
  return (inputs, around) => {
    const url = textAt(inputs, property);
    if (!url || around.assets('ExternalLocation').some(({ inputs: its }) => lies(url, String(its.url)))) return [];
    return [{ property, reason: `no external location holds '${url}'.` }];
  };
}

function joined(inputs: Properties, ...names: string[]): string | undefined {
  const parts = names.map((name) => textAt(inputs, name));
  return parts.includes(undefined) ? undefined : parts.join('.');
}

function usedBy(type: TypeName, property: string, id: string, inputs: Properties, around: Surroundings) {
  if (inputs.forceDestroy === true) return undefined;
  const user = around.assets(type).find((asset) => asset.inputs[property] === id);
  return user && `'${user.id}' uses it; set forceDestroy to delete it all the same.`;
}

/** What may be granted on, by the input that names it; those that the local cloud can find are looked up. */
const securables: Readonly<Record<string, TypeName | undefined>> = {
  ...{
    catalog: undefined,
    credential: 'Credential',
    externalLocation: 'ExternalLocation',
    foreignConnection: undefined,
  },
  ...{ function: undefined, metastore: undefined, model: undefined, pipeline: undefined, recipient: undefined },
  ...{ schema: 'Schema', share: undefined, storageCredential: 'StorageCredential', table: undefined, volume: 'Volume' },
};

function grantedOn(inputs: Properties): { kind: string; name: string } | undefined {
  const kind = Object.keys(securables).find((name) => inputs[name] !== undefined);
  const name = kind && textAt(inputs, kind);
  return name ? { kind, name } : undefined;
}

function knownSecurable(inputs: Properties, around: Surroundings): Failure[] {
  const on = grantedOn(inputs);
  const type = on && securables[on.kind];
  if (!on || !type || around.exists(type, on.name) || on.name.endsWith('.default')) return [];
  return [{ property: on.kind, reason: `there is no ${on.kind} '${on.name}'.` }];
}

/** Unity Catalog's privileges (Databricks docs: "Unity Catalog privileges and securable objects"). */
const privilege = /^[A-Z]+([ _][A-Z]+)*$/;
const privilegeText = 'privileges in capitals, as in READ_FILES, USE_SCHEMA, ALL_PRIVILEGES';

const grantRules = [exactlyOne(Object.keys(securables), sdk), knownSecurable];

const grants: AssetKind = {
  id: (inputs) => {
    const on = grantedOn(inputs);
    return on && `${on.kind}/${on.name}`;
  },
  immutable: Object.keys(securables),
  rules: [...grantRules, alone(matches('grants[].privileges[]', privilege, privilegeText, sdk)), somebody],
};

function somebody(inputs: Properties): Failure[] {
  return valuesAt(inputs, 'grants[].principal')
    .filter(({ value }) => value === '')
    .map(({ path }) => ({ property: path, reason: 'principal is empty; needed is a user, group or application id.' }));
}

const grant: AssetKind = {
  id: (inputs) => {
    const [on, principal] = [grantedOn(inputs), textAt(inputs, 'principal')];
    return on && principal !== undefined ? `${on.kind}/${on.name}/${principal}` : undefined;
  },
  immutable: [...Object.keys(securables), 'principal'],
  rules: [...grantRules, alone(matches('privileges[]', privilege, privilegeText, sdk))],
};

/** Unity Catalog's objects and who may use them. Catalogs are the account's: any name counts as one that exists. */
export const unityCatalog = {
  Catalog: catalog,
  StorageCredential: storageCredential,
  Credential: credential,
  ExternalLocation: externalLocation,
  Schema: schema,
  Volume: volume,
  Grants: grants,
  Grant: grant,
} as const;
