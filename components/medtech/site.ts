import type { Site } from '../azure/site';
import type { CompleteConnector } from './defaults';

/** What the steps of building a connector share. */
export type ConnectorSite = Site<CompleteConnector>;
