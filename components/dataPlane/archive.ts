import { readFileSync } from 'node:fs';

/** How Pulumi marks assets and archives among other objects ("sdk/go/common/resource/sig"). */
const signatureKey = '4dabf18193072939515e22adb298388d';
const assetSignature = 'c44067f5952c0a294b673a41bacd8c17';

/** An asset as the engine hands it to a provider: a text or the path of a file, and the hash of its content. */
export interface SerializedAsset {
  readonly [signatureKey]: typeof assetSignature;
  readonly hash?: string;
  readonly text?: string;
  readonly path?: string;
}

/** An archive of assets by their names in it, as the engine hands it to a provider. */
export interface SerializedArchive {
  readonly hash?: string;
  readonly assets: Readonly<Record<string, SerializedAsset>>;
}

/** The contents of an archive by name. */
export function filesOf({ assets }: SerializedArchive): Record<string, Uint8Array | string> {
  return Object.fromEntries(Object.entries(assets).map(([name, asset]) => [name, contentOf(name, asset)]));
}

function contentOf(name: string, { text, path }: SerializedAsset): Uint8Array | string {
  if (path) return readFileSync(path);
  if (text !== undefined) return text;
  throw new Error(`The member "${name}" of the package has neither text nor path.`);
}
