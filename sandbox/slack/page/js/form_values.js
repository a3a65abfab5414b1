// What a person has filled in, by block and action: survives a message or view being drawn anew, as in Slack.

const stores = new Map();

class FormValues {
  #values = new Map();
  #fields = new Map();

  get(blockId, actionId) {
    return this.#values.get(blockId)?.get(actionId);
  }

  set(blockId, actionId, value) {
    if (!this.#values.has(blockId)) this.#values.set(blockId, new Map());
    this.#values.get(blockId).set(actionId, value);
  }

  /** An input block says how to show its error and where its control is. */
  register(block, field) {
    this.#fields.set(block.block_id, { block, ...field });
  }

  fields() {
    return [...this.#fields.values()];
  }

  /** Keep only values of blocks that are still there. */
  keepOnly(blockIds) {
    for (const id of this.#values.keys()) if (!blockIds.has(id)) this.#values.delete(id);
    this.#fields.clear();
  }

  /** {block_id: {action_id: StateValue}}, as view.state.values. */
  asState() {
    return Object.fromEntries(
      [...this.#values].map(([block, actions]) => [block, Object.fromEntries(actions)]),
    );
  }
}

/** The values of one message or view, by its key. */
export function formValues(key) {
  if (!stores.has(key)) stores.set(key, new FormValues());
  return stores.get(key);
}

export const forgetForm = (key) => stores.delete(key);
