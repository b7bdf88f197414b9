import type { DiffResult } from '@pulumi/pulumi/dynamic';
import {
  createDocument,
  type Document,
  deleteDocument,
  type JsonObject,
  readDocument,
  updateDocument,
} from './document';
import { changed } from './inputs';
import type { DataPlaneAccess } from './request';

/** What tells one kind of document from another. */
export interface DocumentKind<Props extends DataPlaneAccess> {
  /** Properties that say which document it is: another host or another id is another document. */
  readonly place: readonly (keyof Props & string)[];
  /** The property of the document's id. */
  readonly id: keyof Props & string;
  /** The property of what is kept under the id, of which a refresh reads back what was declared. */
  readonly content: keyof Props & string;
  documentOf(props: Props): Document;
}

/** The operations of a resource that is one document on a data plane; all else the engine compares by itself. */
export function documentProvider<Props extends DataPlaneAccess>({
  place,
  id,
  content,
  documentOf,
}: DocumentKind<Props>) {
  return {
    async create(props: Props) {
      await createDocument(documentOf(props), props);
      return { id: String(props[id]), outs: props };
    },
    async read(readId: string, props: Props) {
      const found = await readDocument(documentOf(props), props[content] as JsonObject, props);
      return found ? { id: readId, props: { ...props, [content]: found }, inputs: { ...props, [content]: found } } : {};
    },
    async update(_id: string, _olds: Props, news: Props) {
      await updateDocument(documentOf(news), news);
      return { outs: news };
    },
    async remove(_id: string, props: Props): Promise<void> {
      await deleteDocument(documentOf(props), props);
    },
    async diff(_id: string, olds: Props, news: Props): Promise<DiffResult> {
      return { replaces: changed(olds, news, place) };
    },
  };
}
