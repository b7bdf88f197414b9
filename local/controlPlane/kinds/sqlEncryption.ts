import type { Properties } from '../../contracts';
import { parentId } from '../armIds';
import { textAt } from '../values';
import { type Failure, inGroup, type Kind, type Surroundings } from './kind';
import { oneOf } from './rules';
import { serverPath } from './sqlServer';

/** Learn: "Azure SQL transparent data encryption with customer-managed key". */
const keyUri = /^https:\/\/([^./]+)\.[^/]+\/keys\/([^/]+)\/([0-9a-f]+)$/i;

export const serverKey: Kind = {
  kind: 'sql:ServerKey',
  armType: 'Microsoft.Sql/servers/keys',
  id: inGroup(`${serverPath}/keys/{keyName}`),
  name: { min: 1, max: 300, pattern: /^[A-Za-z0-9_-]+$/, allowed: '<vault>_<key>_<version>' },
  immutable: ['serverKeyType', 'uri'],
  rules: [keyOfVault],
  computed: () => ({ kind: 'azurekeyvault', autoRotationEnabled: false }),
};

/** The key's URI has its version, the name says the same, and the key is there. */
function keyOfVault(inputs: Properties, around: Surroundings): Failure[] {
  if (textAt(inputs, 'serverKeyType') !== 'AzureKeyVault') return [];
  const uri = textAt(inputs, 'uri');
  if (uri === undefined) return [];
  const [, vault, key, version] = keyUri.exec(uri) ?? [];
  if (!vault || !key || !version) {
    return [{ property: 'uri', reason: `uri is '${uri}'; needed is https://<vault>.<zone>/keys/<key>/<version>.` }];
  }
  const failures: Failure[] = [];
  const name = textAt(inputs, 'keyName');
  const wanted = `${vault}_${key}_${version}`;
  if (name !== undefined && name !== wanted) {
    failures.push({ property: 'keyName', reason: `keyName is '${name}'; for this key it has to be '${wanted}'.` });
  }
  const isThere = around.resources
    .list('keyvault:Key')
    .some(({ outputs }) => String(outputs.keyUriWithVersion).toLowerCase() === uri.toLowerCase());
  if (!isThere) failures.push({ property: 'uri', reason: `there is no key '${uri}'.` });
  return failures;
}

export const encryptionProtector: Kind = {
  kind: 'sql:EncryptionProtector',
  armType: 'Microsoft.Sql/servers/encryptionProtector',
  id: inGroup(`${serverPath}/encryptionProtector/{encryptionProtectorName}`),
  autoName: { fixed: 'current' },
  comesWithParent: true,
  rules: [
    oneOf('encryptionProtectorName', ['current'], 'ARM types'),
    (inputs, { id, exists }) => {
      const name = textAt(inputs, 'serverKeyName');
      const server = id && parentId(id);
      if (textAt(inputs, 'serverKeyType') !== 'AzureKeyVault') return [];
      if (name === undefined || server === undefined || exists(`${server}/keys/${name}`)) return [];
      return [
        { property: 'serverKeyName', reason: `the server has no key '${name}'; add a ServerKey of that name first.` },
      ];
    },
  ],
  computed: ({ inputs }) => ({
    kind: inputs.serverKeyType === 'AzureKeyVault' ? 'azurekeyvault' : 'servicemanaged',
    location: 'West Europe',
  }),
};

export const transparentDataEncryption: Kind = {
  kind: 'sql:TransparentDataEncryption',
  armType: 'Microsoft.Sql/servers/databases/transparentDataEncryption',
  id: inGroup(`${serverPath}/databases/{databaseName}/transparentDataEncryption/{tdeName}`),
  autoName: { fixed: 'current' },
  comesWithParent: true,
  rules: [oneOf('tdeName', ['current'], 'ARM types')],
};
