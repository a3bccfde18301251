import { onBeforeUnmount, onMounted, ref, type Ref, type ShallowRef } from 'vue';

/** Follows where an element is scrolled to and how high it is. */
export function useScrollBox(element: Readonly<ShallowRef<HTMLElement | null>>): { scrollTop: Ref<number>; height: Ref<number> } {
  const scrollTop = ref(0);
  const height = ref(0);
  const observer = new ResizeObserver(() => { height.value = element.value?.clientHeight ?? 0; });
  const onScroll = (): void => { scrollTop.value = element.value?.scrollTop ?? 0; };
  onMounted(() => {
    const box = element.value;
    if (!box) return;
    height.value = box.clientHeight;
    observer.observe(box);
    box.addEventListener('scroll', onScroll, { passive: true });
  });
  onBeforeUnmount(() => {
    observer.disconnect();
    element.value?.removeEventListener('scroll', onScroll);
  });
  return { scrollTop, height };
}
