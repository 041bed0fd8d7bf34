// What we use of undici: its client for one origin and its pool of clients. Its index loads all that it has: fetch,
// WebSocket, EventSource, mocks and caches.
import Agent from 'undici/lib/dispatcher/agent.js';
import Client from 'undici/lib/dispatcher/client.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import api from 'undici/lib/api/index.js';

// As its index does.
Object.assign(Dispatcher.prototype, api);

export { Agent, Client };
