module github.com/cotterpin/cotterpin/integration

go 1.26.0
