import { shallowRef } from 'vue';
import { defineStore } from 'pinia';

/** A question before something that cannot be undone. Texts are ready to show. */
export interface Question {
  title: string;
  body: string;
  /** On the button that does it. */
  action: string;
}

/** One question at a time, put by whoever needs an answer and shown by `ConfirmDialog`. */
export const useConfirmation = defineStore('confirmation', () => {
  const question = shallowRef<Question>();
  let settle: (answer: boolean) => void = () => undefined;

  /** Resolves with true when the person has said yes. A question that is open is answered with no. */
  function ask(asked: Question): Promise<boolean> {
    settle(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    settle = resolve;
    question.value = asked;
    return promise;
  }

  function answer(yes: boolean): void {
    question.value = undefined;
    settle(yes);
    settle = () => undefined;
  }

  return { question, ask, answer };
});
