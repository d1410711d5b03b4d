import Foundation
import TestSupport

/// Python, whose modules read what the reports write, and whose pseudo-terminals they are shown on.
enum Referee {
    /// Runs a script, which gets a text and prints JSON.
    static func judge(_ script: String, _ input: [UInt8] = [], _ arguments: [String] = []) throws -> JSONValue {
        try Command("python3", ["-c", script] + arguments, input: input).succeeded().json
    }

    /// The rows of CSV, as Python's module reads them.
    static func csv(_ bytes: [UInt8]) throws -> [[String]] {
        let script = """
            import csv, io, json, sys
            text = sys.stdin.buffer.read().decode()
            assert text.count('\\r\\n') >= 1
            print(json.dumps(list(csv.reader(io.StringIO(text, newline=''), strict=True))))
            """
        return try judge(script, bytes).array?.map { $0.array?.map { $0.string ?? "" } ?? [] } ?? []
    }

    /// The page's text, as an HTML parser and an XML parser read it, with whether it is closed and free of what comes from elsewhere.
    static func page(_ bytes: [UInt8]) throws -> JSONValue {
        let script = """
            import html.parser, json, re, sys, xml.etree.ElementTree as tree
            text = sys.stdin.buffer.read().decode()
            VOID = {'meta'}
            class Parser(html.parser.HTMLParser):
                def __init__(self):
                    super().__init__(convert_charrefs=True)
                    self.open, self.wrong, self.words, self.tags, self.outside = [], [], [], {}, []
                def handle_starttag(self, tag, attributes):
                    self.tags[tag] = self.tags.get(tag, 0) + 1
                    for name, value in attributes:
                        if name in ('src', 'href', 'srcset', 'action', 'data', 'xlink:href') or name.startswith('on') or name == 'style':
                            self.outside.append(name + '=' + (value or ''))
                    if tag not in VOID: self.open.append(tag)
                def handle_startendtag(self, tag, attributes):
                    self.handle_starttag(tag, attributes)
                    if tag not in VOID: self.handle_endtag(tag)
                def handle_endtag(self, tag):
                    if not self.open or self.open.pop() != tag: self.wrong.append(tag)
                def handle_data(self, data): self.words.append(data)
            parser = Parser()
            parser.feed(text)
            parser.close()
            tree.fromstring(text.split('\\n', 1)[1])
            style = re.search(r'<style>(.*?)</style>', text, re.S)[1]
            outside = parser.outside + re.findall(r'url\\(|@import|https?:', style)
            print(json.dumps({'open': parser.open, 'wrong': parser.wrong, 'outside': outside, 'tags': parser.tags,
                              'words': ' '.join(' '.join(parser.words).split())}))
            """
        return try judge(script, bytes)
    }

    /// The lines that a program shows on a terminal of so many columns, and the widths that wcwidth gives them, if it is there.
    static func terminal(_ columns: Int, _ program: [String], _ variables: [String: String]) throws -> JSONValue {
        let script = """
            import fcntl, json, os, pty, struct, sys, termios, unicodedata
            columns, variables, program = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
            ours, theirs = pty.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
            child = os.fork()
            if child == 0:
                os.dup2(theirs, 1)
                os.close(ours)
                os.close(theirs)
                os.execve(program[0], program, variables)
            os.close(theirs)
            output = b''
            while True:
                try: piece = os.read(ours, 65536)
                except OSError: break
                if not piece: break
                output += piece
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            lines = output.decode().replace('\\r\\n', '\\n').split('\\n')[:-1]
            def width(text):
                return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)
            print(json.dumps({'status': status, 'lines': lines, 'widths': [width(line) for line in lines]}))
            """
        let text = String(decoding: try JSONEncoder().encode(variables), as: UTF8.self)
        return try judge(script, [], [String(columns), text] + program)
    }
}
