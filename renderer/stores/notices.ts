import { ref } from 'vue';
import { defineStore } from 'pinia';
import { toFailure, type Failure, type RemedyKey } from './failure.ts';

/** A text of the messages with the object that it names. */
export interface NoticeText {
  key: string;
  name: string;
}

export interface Notice {
  id: number;
  text: NoticeText;
  failure: Failure | undefined;
}

const SHOWN_MS = 5000;
const SHOWN_AT_MOST = 4;

/** What has just happened, for people: failures stay until they are put away, the rest goes by itself. */
export const useNotices = defineStore('notices', () => {
  const shown = ref<Notice[]>([]);
  let sequence = 0;

  function fail(text: NoticeText, error: unknown, remedy?: RemedyKey): void {
    add(text, toFailure(error, remedy));
  }

  function tell(text: NoticeText): void {
    const id = add(text, undefined);
    setTimeout(() => dismiss(id), SHOWN_MS);
  }

  function dismiss(id: number): void {
    shown.value = shown.value.filter((notice) => notice.id !== id);
  }

  function add(text: NoticeText, failure: Failure | undefined): number {
    sequence += 1;
    shown.value = [...shown.value, { id: sequence, text, failure }].slice(-SHOWN_AT_MOST);
    return sequence;
  }

  return { shown, fail, tell, dismiss };
});
