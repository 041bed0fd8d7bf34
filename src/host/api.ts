import type { TeaChestApi as Contract } from '../../api/index.d.ts';

/** The exports of the extension: the contract of the package `tea-chest-api`, which other extensions compile against. */
export type TeaChestApi = Contract;
