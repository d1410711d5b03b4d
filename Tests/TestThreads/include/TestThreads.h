#pragma once

/// The number of tests that run at the same time.
///
/// Swift Testing runs as many as Swift's concurrency has threads, which is one a processor. The tests here mostly wait for programs, so
/// two threads leave two processors idle for most of the time.
int vitrine_tests_at_once(void);
