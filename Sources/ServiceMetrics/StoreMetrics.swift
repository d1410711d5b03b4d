/// The metrics of the stores and of the image cache.
package struct StoreMetrics: MetricGroup {
    package let operations = Counters<StoreOperation>(
        "vitrine_store_operations_total", "Operations of stores that have ended.", showsUnused: false)
    package let durations = DurationHistograms<Labels2<StoreName, StoreOperationLabel>>(
        "vitrine_store_operation_duration_seconds",
        "How long operations of stores took: of `begin`, `open` and `remove` the call, of `commit` until the data is on the disk.",
        bounds: DurationBounds.waits, showsUnused: false)
    package let written = Counters<Labels1<StoreName>>("vitrine_store_written_bytes_total", "Bytes that were written to stores.")
    package let free = Gauges<Labels1<StoreName>>(
        "vitrine_store_free_bytes", "Free bytes of a store's file systems that the service may use.", .min)
    package let size = Gauges<Labels1<StoreName>>("vitrine_store_size_bytes", "Bytes of a store's file systems, used or free.", .min)
    package let isUp = Gauges<Labels1<StoreName>>(
        "vitrine_store_up", "Whether all folders of a store could be asked for their space: 1 or 0.", .min)
    package let measuredAt = Gauges<Labels1<StoreName>>(
        "vitrine_store_measured_timestamp_seconds",
        "When a store was last asked for its space, in seconds since 1970; it stays behind where the store hangs.", .max)
    package let cacheReads = Counters<Labels1<CacheReadLabel>>(
        "vitrine_cache_reads_total", "Downloads that the image cache was asked for.")
    package let cacheFills = Counters<Labels1<CacheFillLabel>>(
        "vitrine_cache_fills_total", "Images that were brought into the image cache.")
    package let cachePruned = Counters<NoLabels>(
        "vitrine_cache_pruned_images_total", "Images that were removed from the image cache to keep it at its size.")
    package let cacheBytes = Gauges<NoLabels>("vitrine_cache_bytes", "Bytes of the images in the image cache of this node.", .max)
    package let cacheImages = Gauges<NoLabels>("vitrine_cache_images", "Images in the image cache of this node.", .max)
    package let cacheLimit = Gauges<NoLabels>(
        "vitrine_cache_limit_bytes", "Bytes to which the image cache of this node is pruned.", .max)

    package init() {}
}

/// The name of a store in the configuration; `file` or `http` where there is one store without a name.
package struct StoreName: OpenLabel {
    package let text: String
    package init(_ text: String) { self.text = text }
    package static let label = "store"
}

/// The labels of an operation that has ended.
package struct StoreOperation: LabelCombination {
    package let store: StoreName
    package let operation: StoreOperationLabel
    package let outcome: StoreEndLabel

    package init(_ store: StoreName, _ operation: StoreOperationLabel, _ outcome: StoreEndLabel) {
        (self.store, self.operation, self.outcome) = (store, operation, outcome)
    }

    package static let labels = [StoreName.declaration, StoreOperationLabel.declaration, StoreEndLabel.declaration]
    package static let known: [StoreOperation] = []
    /// Those of some sixty stores.
    package static let most = 2048
    package var texts: [String] { [store.text, operation.text, outcome.text] }
    package var beyondBound: StoreOperation { StoreOperation(store.beyondBound, operation, outcome) }
}

/// What a store does.
package enum StoreOperationLabel: String, KnownLabel {
    case begin, commit, discard, open, remove, list
    package static let label = "operation"
}

/// How an operation of a store ended.
package enum StoreEndLabel: String, KnownLabel {
    case ok
    /// There is no such data.
    case missing
    /// The store has no space.
    case full
    /// The store has too many calls already.
    case refused
    /// The store cannot be used now, or failed.
    case failed
    package static let label = "outcome"
}

/// What the image cache had of an image.
package enum CacheReadLabel: String, KnownLabel {
    case hit
    /// The image was being fetched for somebody else.
    case joined
    case miss
    package static let label = "result"
}

/// How a fill of the image cache ended.
package enum CacheFillLabel: String, KnownLabel {
    case filled
    /// The cache could not be written, or the process ended.
    case failed
    /// The store's data was incomplete or not the image's.
    case rejected
    package static let label = "outcome"
}
