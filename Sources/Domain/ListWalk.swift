/// Reads a long list piece by piece, so that it is never in memory as a whole.
package final class ListWalk<Element> {
    private let size: Int
    private let isShown: (Element) -> Bool
    private let read: (Element?) throws(Fault) -> [Element]
    private var last: Element?
    private var isOver = false
    private var ahead: [Element]?

    /// Reads the first piece.
    ///
    /// - Parameters:
    ///   - size: elements of a piece; a piece with fewer is the last.
    ///   - isShown: whether the caller may see an element.
    ///   - read: returns the elements after a given one, or the first ones.
    package init(
        pieces size: Int, isShown: @escaping (Element) -> Bool = { _ in true }, _ read: @escaping (Element?) throws(Fault) -> [Element]
    ) throws(Fault) {
        (self.size, self.isShown, self.read) = (size, isShown, read)
        ahead = try piece()
    }

    /// A list that is in memory already.
    package init(only elements: [Element]) {
        (size, isShown, read, isOver, ahead) = (0, { _ in true }, { _ in [] }, true, elements)
    }

    /// - Returns: elements, perhaps none; nil at the end.
    package func next() throws(Fault) -> [Element]? {
        guard let piece = ahead else { return isOver ? nil : try piece() }
        ahead = nil
        return piece
    }

    private func piece() throws(Fault) -> [Element] {
        let all = try read(last)
        last = all.last ?? last
        isOver = all.count < size
        return all.filter(isShown)
    }
}
