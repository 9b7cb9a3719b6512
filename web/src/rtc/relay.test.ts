import { describe, expect, it } from 'vitest';
import { transportPolicy } from './relay';

describe('the way of the media', () => {
  it.each([
    ['', 'all'],
    ['?autojoin', 'all'],
    ['?relay', 'all'],
    ['?relay=all', 'all'],
    ['?relay=only', 'relay'],
    ['?autojoin&relay=only', 'relay'],
  ])('%s: %s', (search, policy) => {
    expect(transportPolicy(search)).toBe(policy);
  });
});
