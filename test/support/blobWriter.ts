import { once } from 'node:events';
import { setDefaultCACertificates } from 'node:tls';
import { Blobs } from '../../local/blobs/blobs';
import { provisionWriterAccounts } from './blobAccounts';
import { testContext } from './context';

/** Writes blobs into the state folder given as argument, and prints the number of each round that was acknowledged. */
async function main(folder: string): Promise<void> {
  const context = await testContext(folder);
  setDefaultCACertificates([context.certificates.authority]);
  const { lake, raw } = await provisionWriterAccounts(context, new Blobs(context));
  let n = 0;
  while (await lake.getBlobClient(`new/${n}`).exists()) n += 1;
  for (; ; n++) {
    const content = `content ${n}`;
    await raw.getBlockBlobClient(`${n}`).upload(content, content.length).catch(ignoreExisting);
    await lake.getBlockBlobClient(`deleted/${n}`).upload(content, content.length);
    await lake.getBlobClient(`deleted/${n}`).delete();
    await lake.getBlockBlobClient('overwritten').upload(String(n), String(n).length);
    // Last, so that the next run begins with the round that was cut off.
    await lake.getBlockBlobClient(`new/${n}`).upload(content, content.length);
    if (!process.stdout.write(`${n}\n`)) await once(process.stdout, 'drain');
  }
}

/** A round that was cut off may have written the protected blob already. */
function ignoreExisting(error: { statusCode?: number }): void {
  if (error.statusCode !== 409) throw error;
}

void main(process.argv[2] ?? '');
