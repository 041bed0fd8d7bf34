'use strict';

const vscode = require('vscode');

const extensionId = 'tea-chest.tea-chest';
/** The version of the contract in index.d.ts. */
const apiVersion = 1;

exports.getTeaChest = async function getTeaChest() {
  const extension = vscode.extensions.getExtension(extensionId);
  if (extension === undefined) {
    throw new Error(`The extension Tea Chest (${extensionId}) is not installed, or is disabled in this window.`);
  }
  const api = await extension.activate();
  if (api?.apiVersion !== apiVersion) {
    const found = api?.apiVersion ?? 'none';
    throw new Error(`Tea Chest offers version ${found} of its API, and version ${apiVersion} is needed: update it.`);
  }
  return api;
};
